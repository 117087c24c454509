//! HPACK, sentence by sentence, and against other implementations.
