//! What a commit consists of.

use std::ops::Range;

use bytes::Bytes;

/// Small pieces that are written here, between payloads that are shared.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) head: Vec<u8>,
    sealed: usize,
    list: Vec<Part>,
    payload_bytes: u64,
}

enum Part {
    Head(Range<usize>),
    Payload(Bytes),
}

/// Where an element's header will stand, and how much stood in front of it.
pub(super) struct Reserved {
    index: usize,
    from: u64,
}

impl Parts {
    pub(super) fn for_blocks(blocks: usize) -> Self {
        // A block's header has 8 bytes, as does the one of its group. Each payload has one in front.
        let (head, list) = (Vec::with_capacity(16 * blocks), Vec::with_capacity(2 * blocks + 8));
        Self { head, list, ..Self::default() }
    }

    pub(super) fn len(&self) -> u64 {
        self.head.len() as u64 + self.payload_bytes
    }

    pub(super) fn end_head(&mut self) {
        if self.sealed < self.head.len() {
            self.list.push(Part::Head(self.sealed..self.head.len()));
            self.sealed = self.head.len();
        }
    }

    pub(super) fn payload(&mut self, payload: Bytes) {
        self.end_head();
        self.payload_bytes += payload.len() as u64;
        self.list.push(Part::Payload(payload));
    }

    /// Keeps the place of an element whose length is known when its payload is there.
    pub(super) fn reserve(&mut self) -> Reserved {
        self.end_head();
        self.list.push(Part::Head(0..0));
        Reserved { index: self.list.len() - 1, from: self.len() }
    }

    /// Everything since then is the element's payload; `write` gets its length.
    pub(super) fn fill(&mut self, place: Reserved, write: impl FnOnce(&mut Vec<u8>, u64)) {
        let len = self.len() - place.from;
        self.end_head();
        write(&mut self.head, len);
        self.list[place.index] = Part::Head(self.sealed..self.head.len());
        self.sealed = self.head.len();
    }

    pub(super) fn into_bytes(mut self) -> Vec<Bytes> {
        self.end_head();
        let head = Bytes::from(self.head);
        let part = |part| match part {
            Part::Head(range) => head.slice(range),
            Part::Payload(payload) => payload,
        };
        self.list.into_iter().map(part).collect()
    }
}
