//! Server push, both ways: promises that a handler makes, and those that a server makes to us.

use std::sync::Arc;

use h2_core::{ErrorCode, RequestHead, StreamId};
use tokio::sync::oneshot;

use super::Engine;
use super::entry::Entry;
use crate::error::Error;
use crate::exchange::Slot;
use crate::hub::Hub;
use crate::pushed::Promise;
use crate::responder::Responder;

impl Engine {
    /// Promises the client a response on a stream of its own.
    pub(super) fn promise(
        &mut self,
        hub: Arc<Hub>,
        parent: StreamId,
        head: RequestHead,
        answer: oneshot::Sender<Result<Responder, Error>>,
    ) {
        let head_only = head.method() == http::Method::HEAD.as_str();
        let promised = match self.conn.push_stream(parent, head) {
            Ok(stream) => {
                let slot = self.open_inbound(stream, true);
                Ok(Responder::new(slot, hub, stream, head_only))
            }
            Err(refused) => Err(Error::misuse(refused.why)),
        };
        // A responder that nobody waits for is dropped, which resets its stream.
        let _ = answer.send(promised);
    }

    /// The server promised a response. Whoever does not ask for it does not get it.
    pub(super) fn on_promise(&mut self, parent: StreamId, stream: StreamId, head: RequestHead) {
        let promises = self.slot(parent).and_then(|slot| slot.lock().promises());
        let bodiless = head.method() == http::Method::HEAD.as_str();
        let slot = Arc::new(Slot::pushed(stream, self.shared.report_at, bodiless));
        let promise = Promise { head, slot: Arc::clone(&slot) };
        if promises.is_none_or(|promises| promises.unbounded_send(promise).is_err()) {
            self.conn.reset_stream(stream, ErrorCode::CANCEL);
            self.conn.release_stream(stream);
            return;
        }
        self.entries.insert(stream, Entry::sent(slot));
    }
}
