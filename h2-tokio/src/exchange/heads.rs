//! Heads between the actor and the handles of a stream, and the memory that they leave.

use h2_core::{Fields, RequestHead, ResponseHead};

use super::State;

/// Heads between the actor and the handles.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// One that is sent, and that the actor has not taken yet.
    sent: Option<Head>,
    /// The final response, which the application has not taken yet.
    received: Option<ResponseHead>,
}

/// A head on its way out.
#[derive(Debug)]
enum Head {
    Request(RequestHead),
    Response(ResponseHead),
    /// None; the memory of an earlier head, for the one to come.
    Spare(Fields),
}

impl Heads {
    /// Empties it, but for the memory of a head.
    pub(super) fn clear(&mut self) {
        self.sent.take_if(|head| !matches!(head, Head::Spare(_)));
        self.received = None;
    }
}

impl State {
    /// Leaves a request for the actor to open.
    pub(crate) fn put_request(&mut self, head: RequestHead) {
        self.heads.get_or_insert_default().sent = Some(Head::Request(head));
    }

    /// Leaves a response for the actor to send.
    pub(crate) fn put_response(&mut self, head: ResponseHead) {
        self.heads.get_or_insert_default().sent = Some(Head::Response(head));
        self.send.head_given = true;
    }

    /// Takes the request that is to be opened.
    pub(crate) fn take_request(&mut self) -> Option<RequestHead> {
        match self.take_sent(|head| matches!(head, Head::Request(_)))? {
            Head::Request(head) => Some(head),
            Head::Response(_) | Head::Spare(_) => None,
        }
    }

    /// Takes the response that is to be sent. A request that waits in line stays where it is.
    pub(crate) fn take_response(&mut self) -> Option<ResponseHead> {
        match self.take_sent(|head| matches!(head, Head::Response(_)))? {
            Head::Response(head) => Some(head),
            Head::Request(_) | Head::Spare(_) => None,
        }
    }

    fn take_sent(&mut self, wanted: impl FnOnce(&mut Head) -> bool) -> Option<Head> {
        self.heads.as_mut()?.sent.take_if(wanted)
    }

    /// Leaves the final response for the application.
    pub(crate) fn receive_head(&mut self, head: ResponseHead) {
        self.heads.get_or_insert_default().received = Some(head);
    }

    /// Takes the final response.
    pub(crate) fn take_head(&mut self) -> Option<ResponseHead> {
        self.heads.as_mut()?.received.take()
    }

    pub(crate) fn has_head(&self) -> bool {
        self.heads.as_ref().is_some_and(|heads| heads.received.is_some())
    }

    /// Takes the memory that an earlier head left.
    pub(crate) fn spare(&mut self) -> Fields {
        match self.take_sent(|head| matches!(head, Head::Spare(_))) {
            Some(Head::Spare(fields)) => fields,
            _ => Fields::new(),
        }
    }

    /// Keeps the memory of a head for the one to come, in a slot that has had one before: others
    /// had better stay small.
    pub(crate) fn keep_spare(&mut self, fields: Fields) {
        if let Some(heads) = &mut self.heads
            && matches!(heads.sent, None | Some(Head::Spare(_)))
        {
            heads.sent = Some(Head::Spare(fields));
        }
    }
}
