use bytes::{Buf, Bytes};

/// Length of the header in front of a chunk's payload.
pub const CHUNK_HEADER_BYTES: usize = 16;

const KIND_CHUNK: u8 = 1;

/// A piece of a generation's byte stream, as a binary message carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The generation it belongs to.
    pub generation: u32,
    /// Offset of its first byte in the generation's stream.
    pub position: u64,
    /// The bytes.
    pub payload: Bytes,
}

impl Chunk {
    /// Reads a binary message. `Ok(None)` for a kind that this version does not know.
    ///
    /// # Errors
    /// A sentence for a person when the message is no chunk.
    pub fn parse(mut message: Bytes) -> Result<Option<Self>, &'static str> {
        if message.len() < CHUNK_HEADER_BYTES {
            return Err("a binary message is shorter than the 16 bytes of a chunk's header");
        }
        if message.get_u8() != KIND_CHUNK {
            return Ok(None);
        }
        let _flags = message.get_u8();
        let _reserved = message.get_u16();
        let generation = message.get_u32();
        let position = message.get_u64();
        if position.checked_add(message.len() as u64).is_none() {
            return Err("a chunk's position is beyond any stream");
        }
        Ok(Some(Self { generation, position, payload: message }))
    }

    /// The binary message.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut message = Vec::with_capacity(CHUNK_HEADER_BYTES + self.payload.len());
        message.extend([KIND_CHUNK, 0, 0, 0]);
        message.extend(self.generation.to_be_bytes());
        message.extend(self.position.to_be_bytes());
        message.extend_from_slice(&self.payload);
        message.into()
    }
}
