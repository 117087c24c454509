//! A server on libnghttp2, through declarations by hand of the few functions that it takes.

use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::ptr;

use bytes::BytesMut;

use crate::Server;

/// `nghttp2_nv`.
#[repr(C)]
struct Nv {
    name: *const u8,
    value: *const u8,
    name_len: usize,
    value_len: usize,
    flags: u8,
}

/// `nghttp2_settings_entry`.
#[repr(C)]
struct Setting {
    id: i32,
    value: u32,
}

/// `nghttp2_frame_hd`, with which every `nghttp2_frame` begins.
#[repr(C)]
struct FrameHead {
    length: usize,
    stream: i32,
    kind: u8,
    flags: u8,
    reserved: u8,
}

/// `nghttp2_data_provider`; the source is a union of a pointer and a descriptor.
#[repr(C)]
struct Provider {
    source: *mut c_void,
    read: ReadBody,
}

type ReadBody = extern "C" fn(
    *mut c_void,
    i32,
    *mut u8,
    usize,
    *mut u32,
    *mut *mut c_void,
    *mut c_void,
) -> isize;
type OnFrame = extern "C" fn(*mut c_void, *const FrameHead, *mut c_void) -> c_int;
type OnHeader = extern "C" fn(
    *mut c_void,
    *const FrameHead,
    *const u8,
    usize,
    *const u8,
    usize,
    u8,
    *mut c_void,
) -> c_int;

#[link(name = "nghttp2")]
unsafe extern "C" {
    fn nghttp2_session_callbacks_new(callbacks: *mut *mut c_void) -> c_int;
    fn nghttp2_session_callbacks_del(callbacks: *mut c_void);
    fn nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks: *mut c_void, on: OnFrame);
    fn nghttp2_session_callbacks_set_on_header_callback(callbacks: *mut c_void, on: OnHeader);
    fn nghttp2_session_server_new(
        session: *mut *mut c_void,
        callbacks: *const c_void,
        user: *mut c_void,
    ) -> c_int;
    fn nghttp2_session_del(session: *mut c_void);
    fn nghttp2_submit_settings(
        session: *mut c_void,
        flags: u8,
        entries: *const Setting,
        count: usize,
    ) -> c_int;
    fn nghttp2_submit_response(
        session: *mut c_void,
        stream: i32,
        nva: *const Nv,
        nva_len: usize,
        provider: *const Provider,
    ) -> c_int;
    fn nghttp2_session_mem_recv(session: *mut c_void, input: *const u8, len: usize) -> isize;
    fn nghttp2_session_mem_send(session: *mut c_void, output: *mut *const u8) -> isize;
}

const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;
const MAX_CONCURRENT_STREAMS: i32 = 3;
/// As nghttpd says it: without it, the library keeps a tree of priorities.
const NO_RFC7540_PRIORITIES: i32 = 9;
const DATA_FLAG_EOF: u32 = 1;

const BODY: &[u8] = b"Hello, World!";
const FIELDS: [(&str, &str); 4] = [
    (":status", "200"),
    ("content-type", "text/plain"),
    ("content-length", "13"),
    ("server", "bench"),
];

pub struct Nghttp2 {
    session: *mut c_void,
}

impl Nghttp2 {
    pub fn new() -> Self {
        let settings = [
            Setting { id: MAX_CONCURRENT_STREAMS, value: 2_000 },
            Setting { id: NO_RFC7540_PRIORITIES, value: 1 },
        ];
        let (mut callbacks, mut session) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: out-pointers are to locals; the callbacks are copied and may then be deleted; the
        // settings have the length that is said.
        unsafe {
            assert_eq!(nghttp2_session_callbacks_new(&mut callbacks), 0);
            nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
            nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
            assert_eq!(nghttp2_session_server_new(&mut session, callbacks, ptr::null_mut()), 0);
            nghttp2_session_callbacks_del(callbacks);
            assert_eq!(nghttp2_submit_settings(session, 0, settings.as_ptr(), settings.len()), 0);
        }
        Self { session }
    }
}

extern "C" fn on_header(
    _: *mut c_void,
    _: *const FrameHead,
    name: *const u8,
    _: usize,
    value: *const u8,
    _: usize,
    _: u8,
    _: *mut c_void,
) -> c_int {
    black_box((name, value));
    0
}

extern "C" fn on_frame(session: *mut c_void, frame: *const FrameHead, _: *mut c_void) -> c_int {
    // SAFETY: the library lends a frame for the time of the call.
    let frame = unsafe { &*frame };
    if frame.kind != HEADERS || frame.flags & END_STREAM == 0 {
        return 0;
    }
    let nva = FIELDS.map(|(name, value)| Nv {
        name: name.as_ptr(),
        value: value.as_ptr(),
        name_len: name.len(),
        value_len: value.len(),
        flags: 0,
    });
    let provider = Provider { source: ptr::null_mut(), read: read_body };
    // SAFETY: fields and provider are copied before the call ends.
    unsafe { nghttp2_submit_response(session, frame.stream, nva.as_ptr(), nva.len(), &provider) }
}

extern "C" fn read_body(
    _: *mut c_void,
    _: i32,
    buffer: *mut u8,
    _: usize,
    flags: *mut u32,
    _: *mut *mut c_void,
    _: *mut c_void,
) -> isize {
    // SAFETY: the library's buffer holds a frame, which is more than the body has.
    unsafe {
        ptr::copy_nonoverlapping(BODY.as_ptr(), buffer, BODY.len());
        *flags |= DATA_FLAG_EOF;
    }
    BODY.len() as isize
}

impl Server for Nghttp2 {
    fn name(&self) -> &'static str {
        "libnghttp2"
    }

    fn serve(&mut self, up: &mut BytesMut, down: &mut BytesMut) {
        // SAFETY: the session is live, and the input has the length that is said.
        let taken = unsafe { nghttp2_session_mem_recv(self.session, up.as_ptr(), up.len()) };
        assert_eq!(taken, up.len() as isize, "it takes everything or fails");
        up.clear();
        loop {
            let mut output = ptr::null();
            // SAFETY: the session is live, and the pointer is to a local.
            let length = unsafe { nghttp2_session_mem_send(self.session, &mut output) };
            let length = usize::try_from(length).expect("no failure");
            if length == 0 {
                return;
            }
            // SAFETY: the output lives until the next call.
            down.extend_from_slice(unsafe { std::slice::from_raw_parts(output, length) });
        }
    }
}

impl Drop for Nghttp2 {
    fn drop(&mut self) {
        // SAFETY: it is deleted once.
        unsafe { nghttp2_session_del(self.session) };
    }
}
