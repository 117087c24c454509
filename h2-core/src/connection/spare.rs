//! Memory of heads that were sent, for heads that arrive and heads that wait to be sent.

use crate::fields::Fields;

/// Lists of fields that are kept for the next heads.
const MOST: usize = 128;

/// Memory without a use.
#[derive(Debug, Default)]
pub(super) struct Spare {
    /// Empty lists.
    lists: Vec<Fields>,
    /// Boxes for heads that wait. Their lists have no memory.
    #[allow(clippy::vec_box)] // it is the boxes that are kept
    boxes: Vec<Box<Fields>>,
}

impl Spare {
    /// An empty list with memory.
    pub(super) fn list(&mut self) -> Option<Fields> {
        self.lists.pop()
    }

    /// Puts a head into a box, in which it waits to be sent.
    pub(super) fn boxed(&mut self, head: Fields) -> Box<Fields> {
        match self.boxes.pop() {
            Some(mut place) => {
                *place = head;
                place
            }
            None => Box::new(head),
        }
    }

    /// Keeps the memory of a head that was sent; that of its list only if it has room for `usual`
    /// heads that arrive. On a connection that is not busy there are none: with one stream at a
    /// time there is no use for a list before the connection is idle.
    pub(super) fn keep(&mut self, mut head: Box<Fields>, usual: Option<(usize, usize)>) {
        if let Some((fields, octets)) = usual
            && self.lists.len() < MOST
        {
            self.lists.extend(std::mem::take(&mut *head).emptied(fields, octets));
        }
        if self.boxes.len() < MOST {
            *head = Fields::new();
            self.boxes.push(head);
        }
    }
}
