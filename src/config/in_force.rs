//! A setting that may become another one while the server runs.

use std::sync::{Arc, PoisonError, RwLock};

/// What holds now. Clones share it: whoever has one sees the next value with its next look.
#[derive(Debug)]
pub(crate) struct InForce<T>(Arc<RwLock<Arc<T>>>);

impl<T> InForce<T> {
    /// The value of this moment, which stays the same for as long as it is held.
    pub(crate) fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has another value hold from now on.
    pub(crate) fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}

impl<T> From<T> for InForce<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(value))))
    }
}

impl<T: Default> Default for InForce<T> {
    fn default() -> Self {
        T::default().into()
    }
}

// Also of what cannot be cloned itself.
impl<T> Clone for InForce<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_see_what_one_has_set_and_what_is_held_stays() {
        let one = InForce::from(1);
        let (other, held) = (one.clone(), one.get());
        other.set(2);
        assert_eq!((*held, *one.get()), (1, 2));
    }
}
