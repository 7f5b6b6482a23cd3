//! What is promised, over the whole of it.
