//! Boxes (ISO 14496-12 clause 4.2).

use crate::error::Fault;

/// A box type.
pub(crate) type Kind = [u8; 4];

/// The shortest header: size, type.
const MIN_HEADER_BYTES: usize = 8;

/// The longest header: size, type, large size.
pub(crate) const MAX_HEADER_BYTES: usize = 16;

/// A box's type and size as they stand in front of its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// Bytes of payload; `None` where the box extends to the end of the stream.
    pub(crate) size: Option<u64>,
    /// Bytes of the header itself.
    pub(crate) len: usize,
}

impl Header {
    /// Reads a header from the front of `bytes`; `Ok(None)` while it is not there entirely.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, Fault> {
        const BAD: Fault = Fault::malformed("box header");
        let Some((size, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
        let Some((&kind, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let (total, len) = match u32::from_be_bytes(*size) {
            0 => return Ok(Some(Self { kind, size: None, len: 8 })),
            1 => match rest.first_chunk::<8>() {
                Some(large) => (u64::from_be_bytes(*large), 16),
                None => return Ok(None),
            },
            size => (u64::from(size), 8),
        };
        let size = Some(total.checked_sub(len as u64).ok_or(BAD)?);
        Ok(Some(Self { kind, size, len }))
    }
}

/// One child of a buffered box.
#[derive(Clone, Copy)]
pub(crate) struct Child<'a> {
    pub(crate) kind: Kind,
    pub(crate) payload: &'a [u8],
}

/// The children of a payload that is there entirely, in order.
pub(crate) struct Children<'a> {
    rest: &'a [u8],
}

impl<'a> Children<'a> {
    pub(crate) fn of(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<Child<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        const BAD: Fault = Fault::malformed("child box");
        // QuickTime ends lists with 32 bits of zeros.
        if self.rest.len() < MIN_HEADER_BYTES && self.rest.iter().all(|&byte| byte == 0) {
            return None;
        }
        let split = Header::read(self.rest).and_then(|header| {
            let header = header.ok_or(BAD)?;
            let len = match header.size {
                Some(size) => {
                    usize::try_from(size).ok().and_then(|size| size.checked_add(header.len))
                }
                None => Some(self.rest.len()),
            };
            let (whole, rest) = len.and_then(|len| self.rest.split_at_checked(len)).ok_or(BAD)?;
            Ok((Child { kind: header.kind, payload: &whole[header.len..] }, rest))
        });
        Some(match split {
            Ok((child, rest)) => {
                self.rest = rest;
                Ok(child)
            }
            Err(fault) => {
                self.rest = &[];
                Err(fault)
            }
        })
    }
}

/// The first child of a type.
pub(crate) fn find<'a>(payload: &'a [u8], kind: &Kind) -> Result<Option<&'a [u8]>, Fault> {
    for child in Children::of(payload) {
        let child = child?;
        if child.kind == *kind {
            return Ok(Some(child.payload));
        }
    }
    Ok(None)
}

/// A child that must be there, by a path of types.
pub(crate) fn require<'a>(
    mut payload: &'a [u8],
    path: &[&Kind],
    element: &'static str,
) -> Result<&'a [u8], Fault> {
    for kind in path {
        payload = find(payload, kind)?.ok_or(Fault::malformed(element))?;
    }
    Ok(payload)
}

/// Reads numbers from the front of a payload.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    element: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(payload: &'a [u8], element: &'static str) -> Self {
        Self { rest: payload, element }
    }

    /// A full box's version and flags.
    pub(crate) fn full(payload: &'a [u8], element: &'static str) -> Result<(u8, u32, Self), Fault> {
        let mut reader = Self::new(payload, element);
        let word = reader.u32()?;
        Ok(((word >> 24) as u8, word & 0xFF_FFFF, reader))
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (chunk, rest) = self.rest.split_first_chunk().ok_or(Fault::malformed(self.element))?;
        self.rest = rest;
        Ok(*chunk)
    }

    pub(crate) fn skip(&mut self, bytes: usize) -> Result<(), Fault> {
        self.rest = self.rest.get(bytes..).ok_or(Fault::malformed(self.element))?;
        Ok(())
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Fault> {
        self.chunk().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Fault> {
        self.chunk().map(u32::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Fault> {
        self.chunk().map(i32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Fault> {
        self.chunk().map(u64::from_be_bytes)
    }

    /// 64 bits in version 1 of a box, 32 bits in version 0.
    pub(crate) fn versioned(&mut self, version: u8) -> Result<u64, Fault> {
        if version == 1 { self.u64() } else { self.u32().map(u64::from) }
    }

    pub(crate) fn rest_len(&self) -> usize {
        self.rest.len()
    }
}

/// Appends boxes to a buffer.
pub(crate) trait Write {
    /// A box whose payload `body` writes.
    fn boxed(&mut self, kind: &Kind, body: impl FnOnce(&mut Vec<u8>));
    /// A box with version and flags.
    fn full_box(&mut self, kind: &Kind, version: u8, flags: u32, body: impl FnOnce(&mut Vec<u8>));
    fn u16(&mut self, value: u16);
    fn u32(&mut self, value: u32);
    fn u64(&mut self, value: u64);
    fn zeros(&mut self, count: usize);
}

impl Write for Vec<u8> {
    fn boxed(&mut self, kind: &Kind, body: impl FnOnce(&mut Self)) {
        let start = self.len();
        self.u32(0);
        self.extend_from_slice(kind);
        body(self);
        let size = (self.len() - start) as u32;
        self[start..start + 4].copy_from_slice(&size.to_be_bytes());
    }

    fn full_box(&mut self, kind: &Kind, version: u8, flags: u32, body: impl FnOnce(&mut Self)) {
        self.boxed(kind, |out| {
            out.u32(u32::from(version) << 24 | flags);
            body(out);
        });
    }

    fn u16(&mut self, value: u16) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn zeros(&mut self, count: usize) {
        self.resize(self.len() + count, 0);
    }
}
