//! A small curl: fetches many URLs at once, those of one host over one connection.
//!
//! ```sh
//! cargo run --release -p h2-examples --bin get -- -v http://127.0.0.1:8080/
//! cargo run --release -p h2-examples --bin get -- -k https://127.0.0.1:8443/bytes/1000000000 >file
//! ```
//!
//! `http` URLs are asked with prior knowledge that the server speaks HTTP/2, `https` ones agree on
//! it by ALPN. The body of a single URL goes to standard output, everything else to standard error;
//! of several URLs the bodies are counted. `-v` prints header fields and trailers, `--frames` every
//! frame both ways with its secrets left out, `-k` takes any
//! certificate, `--max-time S` gives up after S seconds. A failure ends the program at once: it does
//! not wait for connections to drain.

#![allow(clippy::print_stderr, reason = "a program that talks to its user")]
#![allow(clippy::wildcard_enum_match_arm, reason = "every other argument is a mistake")]

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2_core::TappedFrame;
use h2_tokio::client::{self, Handle};
use h2_tokio::{Config, RecvBody, tcp, tls};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Request, Response, Uri};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use lexopt::{Arg, Parser, ValueExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

/// Bodies from this length on show their progress.
const LARGE: u64 = 1024 * 1024;

type Failure = Box<dyn Error + Send + Sync>;

/// What the command line says.
struct Options {
    urls: Vec<Uri>,
    verbose: bool,
    frames: bool,
    insecure: bool,
    max_time: Option<Duration>,
}

fn main() -> ExitCode {
    match parse().map_err(Failure::from).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("get: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse() -> Result<Options, lexopt::Error> {
    let mut options = Options {
        urls: Vec::new(),
        verbose: false,
        frames: false,
        insecure: false,
        max_time: None,
    };
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('v') | Arg::Long("verbose") => options.verbose = true,
            Arg::Long("frames") => options.frames = true,
            Arg::Short('k') | Arg::Long("insecure") => options.insecure = true,
            Arg::Long("max-time") => {
                let seconds: f64 = parser.value()?.parse()?;
                let time = Duration::try_from_secs_f64(seconds);
                options.max_time = Some(time.map_err(|error| error.to_string())?);
            }
            Arg::Value(url) => options.urls.push(url.parse()?),
            _ => return Err(argument.unexpected()),
        }
    }
    if options.urls.is_empty() {
        return Err("usage: get [-v] [--frames] [-k] [--max-time S] URL...".into());
    }
    Ok(options)
}

fn run(options: Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let max_time = options.max_time;
    let result = runtime.block_on(async {
        match max_time {
            None => fetch_all(options).await,
            Some(time) => tokio::time::timeout(time, fetch_all(options))
                .await
                .unwrap_or_else(|_| Err(format!("not done after {time:?}").into())),
        }
    });
    // A failure ends what is still running; so does a lookup that the resolver does not answer.
    runtime.shutdown_background();
    result
}

/// Opens a connection a host, then asks for everything at once. The first failure is the result.
async fn fetch_all(options: Options) -> Result<(), Failure> {
    let mut handles: HashMap<String, Handle> = HashMap::new();
    for url in &options.urls {
        if let Entry::Vacant(place) = handles.entry(origin(url)?) {
            let connected = connect(url, &options).await;
            let failed = |error| format!("{}: {error}", place.key());
            let handle = connected.map_err(failed)?;
            place.insert(handle);
        }
    }
    let bars = MultiProgress::new();
    let only = options.urls.len() == 1;
    let mut fetches = JoinSet::new();
    for url in options.urls {
        let Some(handle) = handles.get(&origin(&url)?).cloned() else { continue };
        let fetch = Fetch { handle, bars: bars.clone(), verbose: options.verbose, print: only };
        fetches.spawn(async move {
            fetch.run(url.clone()).await.map_err(|error| format!("{url}: {error}"))
        });
    }
    while let Some(fetched) = fetches.join_next().await {
        fetched??;
    }
    for handle in handles.values() {
        handle.shutdown();
        drop(tokio::time::timeout(Duration::from_secs(1), handle.closed()).await);
    }
    Ok(())
}

fn origin(url: &Uri) -> Result<String, Failure> {
    let parts = url.scheme_str().zip(url.authority());
    let (scheme, authority) = parts.ok_or_else(|| format!("{url}: not a whole URL"))?;
    Ok(format!("{scheme}://{authority}"))
}

async fn connect(url: &Uri, options: &Options) -> Result<Handle, Failure> {
    let mut config = Config::client();
    if options.frames {
        config =
            config.frame_tap(|| Box::new(|frame: &TappedFrame<'_>| eprintln!("{}", frame.text())));
    }
    let tls = match url.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err("neither http nor https".into()),
    };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_u16().unwrap_or(if tls { 443 } else { 80 });
    if !tls {
        return Ok(client::connect((host, port), config).await?);
    }
    let socket = TcpStream::connect((host, port)).await?;
    tcp::tune(&socket)?;
    let connector = TlsConnector::from(Arc::new(tls_config(options.insecure)?));
    let stream = connector.connect(ServerName::try_from(host.to_owned())?, socket).await?;
    let session = stream.get_ref().1;
    tls::check_alpn(session.alpn_protocol())?;
    if let (Some(version), Some(suite)) =
        (session.protocol_version(), session.negotiated_cipher_suite())
    {
        tls::check_cipher_suite(version.into(), suite.suite().into())?;
    }
    Ok(client::handshake(stream, config).await?)
}

/// The machine's own root certificates, and `h2` by ALPN.
fn tls_config(insecure: bool) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let mut config = if insecure {
        let anyone = Arc::new(Anyone { provider });
        builder.dangerous().with_custom_certificate_verifier(anyone).with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        builder.with_root_certificates(roots).with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// One URL on its way.
struct Fetch {
    handle: Handle,
    bars: MultiProgress,
    verbose: bool,
    print: bool,
}

impl Fetch {
    async fn run(&self, url: Uri) -> Result<(), Failure> {
        let mut pending = self.handle.send_bodiless(Request::get(url.clone()).body(())?).await?;
        while let Some(interim) = pending.informational().await {
            self.say(&format!("{} {url}", interim.status().as_str()), interim.headers());
        }
        let (head, mut body) = pending.await?.into_parts();
        let head = Response::from_parts(head, ());
        let bar = self.bar(&head, &url);
        let mut length = 0;
        let result = self.read(&mut body, &bar, &mut length).await;
        bar.finish_and_clear();
        result?;
        let status = head.status();
        self.say(&format!("{} {url} {length} bytes", status.as_str()), head.headers());
        if let Some(trailers) = body.trailers().await? {
            self.say("trailers", &trailers);
        }
        Ok(())
    }

    async fn read(
        &self,
        body: &mut RecvBody,
        bar: &ProgressBar,
        length: &mut u64,
    ) -> Result<(), Failure> {
        while let Some(piece) = body.data().await {
            let piece: Bytes = piece?;
            *length += piece.len() as u64;
            bar.inc(piece.len() as u64);
            if self.print {
                // Blocks while nobody reads it, which is what a single download is to do then.
                io::stdout().write_all(&piece)?;
            }
        }
        if self.print {
            io::stdout().flush()?;
        }
        Ok(())
    }

    fn say(&self, line: &str, fields: &HeaderMap) {
        let mut text = line.to_owned();
        if self.verbose {
            for (name, value) in fields {
                text.push_str(&format!("\n  {name}: {}", value.as_bytes().escape_ascii()));
            }
        }
        self.bars.suspend(|| eprintln!("{text}"));
    }

    /// A bar for a large body, on a terminal; a hidden one otherwise.
    fn bar(&self, head: &Response<()>, url: &Uri) -> ProgressBar {
        let length = head.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length: Option<u64> = length.and_then(|length| length.parse().ok());
        if !io::stderr().is_terminal() || length.is_some_and(|length| length < LARGE) {
            return ProgressBar::hidden();
        }
        let bar = match length {
            Some(length) => ProgressBar::new(length),
            None => ProgressBar::new_spinner(),
        };
        let style = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        let style =
            if length.is_some() { style } else { "{spinner} {msg} {bytes} {bytes_per_sec}" };
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        self.bars.add(bar.with_message(url.path().to_owned()))
    }
}

/// Takes any certificate, but still checks that the server holds its key.
#[derive(Debug)]
struct Anyone {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
