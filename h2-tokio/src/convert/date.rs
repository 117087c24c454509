//! The `date` field, written once a second (RFC 9110 §5.6.7).

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

/// Length of `Sun, 06 Nov 1994 08:49:37 GMT`.
const LEN: usize = 29;

/// A formatted point in time.
#[derive(Clone, Copy)]
pub(crate) struct Date([u8; LEN]);

thread_local! {
    static NOW: Cell<(u64, Date)> = const { Cell::new((u64::MAX, Date([b' '; LEN]))) };
}

impl Date {
    /// The present second.
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = since.as_secs();
        NOW.with(|cached| {
            let (second, date) = cached.get();
            if second == seconds {
                return date;
            }
            let date = Self::at(seconds);
            cached.set((seconds, date));
            date
        })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn at(seconds: u64) -> Self {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (days, time) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(days);
        let pick = |names: &[&'static str], at: u64| {
            usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
        };
        let text = format!(
            "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
            pick(&DAYS, days % 7),
            pick(&MONTHS, month - 1),
            time / 3_600,
            time / 60 % 60,
            time % 60,
        );
        Self(text.as_bytes().try_into().unwrap_or([b' '; LEN]))
    }
}

/// Year, month and day, so many days after 1 January 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    // Counted in eras of 400 years that start on 1 March, so that the leap day comes last.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_the_rfc_writes_it() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            assert_eq!(Date::at(seconds).as_bytes(), text.as_bytes());
        }
    }
}
