//! Events for `tracing` where the feature of that name is on; where it is off, nothing at all.
//!
//! None of them is made for a request that goes well, or for a frame. `debug!` and `warn!` take what
//! `tracing`'s own macros take: fields as `%name`, `?name`, `name` or `name = value`, then the
//! message.

#[cfg(feature = "tracing")]
pub(crate) use tracing::{debug, warn};

/// Evaluates nothing that costs anything; only so that its fields count as used.
#[cfg(not(feature = "tracing"))]
macro_rules! nothing {
    ($message:literal) => {};
    ($name:ident = $value:expr, $($more:tt)*) => {
        let _ = &$value;
        $crate::trace::nothing!($($more)*);
    };
    ($(%)? $(?)? $name:ident, $($more:tt)*) => {
        let _ = &$name;
        $crate::trace::nothing!($($more)*);
    };
}

#[cfg(not(feature = "tracing"))]
pub(crate) use {nothing, nothing as debug, nothing as warn};

#[cfg(all(test, feature = "tracing"))]
mod tests {
    use std::fmt;
    use std::sync::{Arc, Mutex};

    use tokio::io::duplex;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use crate::{Config, client};

    /// Keeps what is told, a line an event.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            self.0 += &format!(" {field}={value:?}");
        }
    }

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            panic!("no spans are made")
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut line = Line(event.metadata().level().to_string());
            event.record(&mut line);
            self.0.lock().expect("nobody panics with it").push(line.0);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn the_end_of_a_connection_is_told_with_its_reason() {
        let lines = Lines::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        tracing::subscriber::with_default(lines.clone(), || {
            runtime.block_on(async {
                let (ours, theirs) = duplex(1024);
                let (_handle, driver) = client::connection(ours, Config::client());
                drop(theirs);
                driver.await;
            });
        });
        let lines = lines.0.lock().unwrap();
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.starts_with("DEBUG message=connection closed reason="), "{line}");
    }
}
