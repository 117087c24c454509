//! libnghttp2's HPACK, through declarations by hand of the few functions that it takes.

use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::ptr;

use crate::Codec;
use crate::corpus::Story;

/// `nghttp2_nv`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Nv {
    name: *const u8,
    value: *const u8,
    name_len: usize,
    value_len: usize,
    flags: u8,
}

const NO_NV: Nv = Nv { name: ptr::null(), value: ptr::null(), name_len: 0, value_len: 0, flags: 0 };

const INFLATE_FINAL: c_int = 1;
const INFLATE_EMIT: c_int = 2;

#[link(name = "nghttp2")]
unsafe extern "C" {
    fn nghttp2_hd_deflate_new(deflater: *mut *mut c_void, max_size: usize) -> c_int;
    fn nghttp2_hd_deflate_del(deflater: *mut c_void);
    fn nghttp2_hd_deflate_hd(
        deflater: *mut c_void,
        buffer: *mut u8,
        buffer_len: usize,
        nva: *const Nv,
        nva_len: usize,
    ) -> isize;
    fn nghttp2_hd_inflate_new(inflater: *mut *mut c_void) -> c_int;
    fn nghttp2_hd_inflate_del(inflater: *mut c_void);
    fn nghttp2_hd_inflate_hd2(
        inflater: *mut c_void,
        nv: *mut Nv,
        flags: *mut c_int,
        input: *const u8,
        input_len: usize,
        is_final: c_int,
    ) -> isize;
    fn nghttp2_hd_inflate_end_headers(inflater: *mut c_void) -> c_int;
}

pub struct Nghttp2 {
    /// Points into the stories, which outlive it.
    lists: Vec<Vec<Vec<Nv>>>,
}

impl Nghttp2 {
    pub fn new(raw: &[Story]) -> Self {
        let nv = |(name, value): &(String, String)| Nv {
            name: name.as_ptr(),
            value: value.as_ptr(),
            name_len: name.len(),
            value_len: value.len(),
            flags: 0,
        };
        let list = |fields: &[(String, String)]| fields.iter().map(nv).collect();
        let lists = raw.iter().map(|story| story.cases.iter().map(|c| list(&c.fields)).collect());
        Self { lists: lists.collect() }
    }
}

/// Decodes one block and gives the number of its fields.
fn inflate(inflater: *mut c_void, mut wire: &[u8]) -> usize {
    let mut count = 0;
    loop {
        let (mut nv, mut flags) = (NO_NV, 0);
        // SAFETY: the inflater is live, and all pointers are to locals or to `wire`.
        let taken = unsafe {
            nghttp2_hd_inflate_hd2(inflater, &mut nv, &mut flags, wire.as_ptr(), wire.len(), 1)
        };
        wire = &wire[usize::try_from(taken).expect("a valid block")..];
        if flags & INFLATE_EMIT != 0 {
            count += 1;
            black_box(&nv);
        }
        if flags & INFLATE_FINAL != 0 {
            // SAFETY: the inflater is live.
            unsafe { nghttp2_hd_inflate_end_headers(inflater) };
            return count;
        }
    }
}

impl Codec for Nghttp2 {
    fn name(&self) -> &'static str {
        "libnghttp2"
    }

    fn decode(&mut self, stories: &[Story]) -> usize {
        let mut count = 0;
        for story in stories {
            let mut inflater = ptr::null_mut();
            // SAFETY: the pointer is to a local, and the inflater is deleted once.
            unsafe { assert_eq!(nghttp2_hd_inflate_new(&mut inflater), 0) };
            count += story.cases.iter().map(|case| inflate(inflater, &case.wire)).sum::<usize>();
            // SAFETY: as above.
            unsafe { nghttp2_hd_inflate_del(inflater) };
        }
        count
    }

    fn encode(&mut self, _: &[Story]) -> usize {
        let mut octets = 0;
        let mut block = vec![0; 65_536];
        for story in &self.lists {
            let mut deflater = ptr::null_mut();
            // SAFETY: the pointer is to a local, and the deflater is deleted once.
            unsafe { assert_eq!(nghttp2_hd_deflate_new(&mut deflater, 4096), 0) };
            for nva in story {
                let (buffer, room) = (block.as_mut_ptr(), block.len());
                // SAFETY: the deflater is live; buffer and list have the lengths they say.
                let len = unsafe {
                    nghttp2_hd_deflate_hd(deflater, buffer, room, nva.as_ptr(), nva.len())
                };
                octets += usize::try_from(len).expect("room for every block");
                black_box(&block);
            }
            // SAFETY: as above.
            unsafe { nghttp2_hd_deflate_del(deflater) };
        }
        octets
    }
}
