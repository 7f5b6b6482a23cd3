//! The conversations over requests that are open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::connection::Connection;

/// More cameras than one computer records; each may hold 2 MiB here.
const MAX_CONNECTIONS: usize = 1000;

/// All of them, by the id that only their device knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections {
    open: Arc<Mutex<HashMap<String, Arc<Connection>>>>,
}

/// A connection that can be found for as long as this lives.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) connection: Arc<Connection>,
    connections: Connections,
}

impl Connections {
    /// A new connection; `None` when there are too many.
    pub(super) fn open(&self) -> Option<Listed> {
        let mut open = self.lock();
        if open.len() >= MAX_CONNECTIONS {
            return None;
        }
        let id = uuid::Uuid::new_v4().simple().to_string();
        let connection = Arc::new(Connection::new());
        open.insert(id.clone(), connection.clone());
        Some(Listed { id, connection, connections: self.clone() })
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Connection>> {
        self.lock().get(id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many_and_again_when_one_has_gone() {
        let connections = Connections::default();
        let mut open: Vec<Listed> =
            (0..MAX_CONNECTIONS).map(|_| connections.open().unwrap()).collect();
        assert!(connections.open().is_none());
        let gone = open.pop().unwrap().id.clone();
        assert!(connections.find(&gone).is_none());
        assert!(connections.find(&open[0].id).is_some());
        assert!(connections.open().is_some());
    }
}
