//! What RFC 9113 §9.2 asks of TLS, as far as a TLS library lets one see it afterwards.
//!
//! This crate knows no TLS library; it is given the transport. Whoever makes that transport offers
//! `h2` by ALPN, allows TLS 1.2 and 1.3 alone, turns renegotiation and compression off in TLS 1.2
//! (rustls has neither), sends the server's name (SNI), and then checks here what was agreed on:
//!
//! ```no_run
//! # struct Session;
//! # impl Session {
//! #     fn alpn_protocol(&self) -> Option<&[u8]> { None }
//! #     fn protocol_version(&self) -> Option<u16> { None }
//! #     fn cipher_suite(&self) -> Option<u16> { None }
//! # }
//! # fn f(session: &Session) -> Result<(), h2_tokio::tls::Unfit> {
//! // With tokio-rustls: let session = stream.get_ref().1, and its numbers by `u16::from`.
//! h2_tokio::tls::check_alpn(session.alpn_protocol())?;
//! if let (Some(version), Some(suite)) = (session.protocol_version(), session.cipher_suite()) {
//!     h2_tokio::tls::check_cipher_suite(version, suite)?;
//! }
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::ops::RangeInclusive;

use h2_core::ErrorCode;

/// The name of HTTP/2 over TLS in ALPN (RFC 9113 §3.1).
pub const ALPN: &[u8] = b"h2";

/// TLS 1.2 and 1.3, as they are called on the wire.
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;

/// A TLS session that must not carry HTTP/2.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// No protocol was agreed on: a peer without ALPN speaks HTTP/1.1, if HTTP at all.
    NoProtocol,
    /// Another protocol was agreed on, `http/1.1` for instance.
    OtherProtocol(Box<[u8]>),
    /// A version below TLS 1.2 (RFC 9113 §9.2).
    Version(u16),
    /// A cipher suite that RFC 9113 Appendix A prohibits with TLS 1.2.
    CipherSuite(u16),
}

/// Whether the protocol that ALPN agreed on is HTTP/2.
///
/// # Errors
///
/// [`Unfit::NoProtocol`] or [`Unfit::OtherProtocol`].
pub fn check_alpn(protocol: Option<&[u8]>) -> Result<(), Unfit> {
    match protocol {
        Some(ALPN) => Ok(()),
        Some(other) => Err(Unfit::OtherProtocol(other.into())),
        None => Err(Unfit::NoProtocol),
    }
}

/// Whether HTTP/2 may use this version of TLS, by its number on the wire: 0x0303 is TLS 1.2.
///
/// # Errors
///
/// [`Unfit::Version`].
pub fn check_version(version: u16) -> Result<(), Unfit> {
    // Versions of DTLS count down from 0xfeff, and none of them carries HTTP/2.
    if (TLS_1_2..0xfe00).contains(&version) { Ok(()) } else { Err(Unfit::Version(version)) }
}

/// Whether HTTP/2 may use this version of TLS with this cipher suite, by their numbers on the wire.
///
/// # Errors
///
/// [`Unfit::Version`], or [`Unfit::CipherSuite`] for what Appendix A prohibits: with TLS 1.2,
/// whatever has no ephemeral key exchange or is a stream or block cipher without authentication.
pub fn check_cipher_suite(version: u16, suite: u16) -> Result<(), Unfit> {
    check_version(version)?;
    let prohibited = || PROHIBITED.iter().any(|range| range.contains(&suite));
    if version < TLS_1_3 && prohibited() { Err(Unfit::CipherSuite(suite)) } else { Ok(()) }
}

impl Unfit {
    /// The code of a connection that is ended because of it: INADEQUATE_SECURITY for what is too
    /// weak, HTTP_1_1_REQUIRED for a peer that did not agree on HTTP/2.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoProtocol | Self::OtherProtocol(_) => ErrorCode::HTTP_1_1_REQUIRED,
            Self::Version(_) | Self::CipherSuite(_) => ErrorCode::INADEQUATE_SECURITY,
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProtocol => f.write_str("TLS agreed on no protocol, and HTTP/2 needs ALPN"),
            Self::OtherProtocol(name) => {
                write!(f, "TLS agreed on {} and not on h2", name.escape_ascii())
            }
            Self::Version(version) => write!(f, "TLS version {version:#06x} is below TLS 1.2"),
            Self::CipherSuite(suite) => {
                write!(f, "cipher suite {suite:#06x} is prohibited with HTTP/2 over TLS 1.2")
            }
        }
    }
}

impl std::error::Error for Unfit {}

/// The 276 cipher suites of RFC 9113 Appendix A, by their numbers.
const PROHIBITED: [RangeInclusive<u16>; 24] = [
    0x0000..=0x001b,
    0x001e..=0x0046,
    0x0067..=0x006d,
    0x0084..=0x009d,
    0x00a0..=0x00a1,
    0x00a4..=0x00a9,
    0x00ac..=0x00c5,
    0x00ff..=0x00ff,
    0xc001..=0xc02a,
    0xc02d..=0xc02e,
    0xc031..=0xc051,
    0xc054..=0xc055,
    0xc058..=0xc05b,
    0xc05e..=0xc05f,
    0xc062..=0xc06b,
    0xc06e..=0xc07b,
    0xc07e..=0xc07f,
    0xc082..=0xc085,
    0xc088..=0xc089,
    0xc08c..=0xc08f,
    0xc092..=0xc09d,
    0xc0a0..=0xc0a1,
    0xc0a4..=0xc0a5,
    0xc0a8..=0xc0a9,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_as_long_as_the_one_of_the_rfc_and_in_order() {
        assert_eq!(PROHIBITED.iter().map(|range| range.clone().count()).sum::<usize>(), 276);
        assert!(PROHIBITED.windows(2).all(|pair| pair[0].end() < pair[1].start()));
    }

    #[test]
    fn suites_are_told_apart_by_key_exchange_and_cipher() {
        // RSA with AES-CBC, ECDHE with AES-CBC, RSA with AES-GCM; no encryption at all.
        for suite in [0x002f, 0xc014, 0x009c, 0x0000] {
            let unfit = check_cipher_suite(TLS_1_2, suite).unwrap_err();
            assert_eq!(unfit, Unfit::CipherSuite(suite));
            assert_eq!(unfit.code(), ErrorCode::INADEQUATE_SECURITY);
        }
        // §9.2.2: ECDHE with RSA and AES-128-GCM must be there. DHE with GCM, ECDHE with ChaCha20.
        for suite in [0xc02f, 0xc02b, 0x009e, 0xcca8] {
            assert_eq!(check_cipher_suite(TLS_1_2, suite), Ok(()));
        }
        assert_eq!(check_cipher_suite(TLS_1_3, 0x1301), Ok(()));
    }

    #[test]
    fn versions_below_1_2_are_unfit() {
        for version in [0x0300, 0x0301, 0x0302, 0xfefd] {
            assert_eq!(check_version(version), Err(Unfit::Version(version)));
            assert_eq!(check_cipher_suite(version, 0xc02f), Err(Unfit::Version(version)));
        }
        assert_eq!(check_version(TLS_1_3), Ok(()));
    }

    #[test]
    fn only_h2_is_h2() {
        assert_eq!(check_alpn(Some(b"h2")), Ok(()));
        assert_eq!(check_alpn(None), Err(Unfit::NoProtocol));
        let other = check_alpn(Some(b"http/1.1")).unwrap_err();
        assert_eq!(other.to_string(), "TLS agreed on http/1.1 and not on h2");
        assert_eq!(other.code(), ErrorCode::HTTP_1_1_REQUIRED);
    }
}
