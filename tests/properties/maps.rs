//! The map from streams, beside one that is known to be right.

use std::collections::HashMap;

use h2_core::{StreamId, StreamMap};
use proptest::prelude::*;

fn id(n: u32) -> StreamId {
    StreamId::new(n).expect("in range")
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn it_answers_as_a_hash_map_does(
        secret in any::<u64>(),
        steps in prop::collection::vec((any::<bool>(), 1_u32..40), 0..200),
    ) {
        let mut map = StreamMap::with_secret(secret);
        let mut model = HashMap::new();
        for (at, (add, n)) in steps.into_iter().enumerate() {
            if add {
                prop_assert_eq!(map.insert(id(n), at), model.insert(n, at));
            } else {
                prop_assert_eq!(map.remove(id(n)), model.remove(&n));
            }
            prop_assert_eq!(map.len(), model.len());
            for n in 1..40 {
                prop_assert_eq!(map.get(id(n)), model.get(&n));
            }
            prop_assert_eq!(map.iter().count(), model.len());
        }
        let mut left: Vec<(u32, usize)> = map.into_iter().map(|(n, at)| (n.get(), at)).collect();
        let mut expected: Vec<(u32, usize)> = model.into_iter().collect();
        left.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(left, expected);
    }
}
