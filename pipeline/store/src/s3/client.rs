//! The one client of the process, with the runtime it works on. Calls wait for their answer on the calling thread.

use super::options::{S3Options, configured};
use crate::StoreError;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::types::RequestPayer;
use aws_smithy_http_client::tls;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the first byte of an answer may take.
const FIRST_BYTE: Duration = Duration::from_secs(60);
/// How long one attempt may take, from the first byte sent to the headers of the answer. A part of an upload has 16 MiB,
/// so links down to 1.2 Mbit/s do. A body that trickles is ended by the client's own watch over stalled streams.
const ATTEMPT: Duration = Duration::from_secs(120);
/// Attempts of one request in mode `standard`; patience beyond that is [`crate::Retry`]'s.
const ATTEMPTS: u32 = 3;
/// Threads that move bytes for all stores of the process.
const WORKERS: usize = 2;
/// A service that is not AWS does not look at the region, but a signature needs one.
const DEFAULT_REGION: &str = "us-east-1";

/// Clients with and without identity, and how to ask.
pub(crate) struct Connection {
    runtime: &'static Runtime,
    signed: Client,
    unsigned: Client,
    options: S3Options,
}

impl Connection {
    /// The connection of the process, made at the first call.
    pub(crate) fn shared() -> Result<Arc<Connection>, StoreError> {
        static SHARED: OnceLock<Arc<Connection>> = OnceLock::new();
        if let Some(connection) = SHARED.get() {
            return Ok(connection.clone());
        }
        let made = Arc::new(Connection::new(configured())?);
        Ok(SHARED.get_or_init(|| made).clone())
    }

    /// A connection with options of its own.
    pub(crate) fn new(options: S3Options) -> Result<Connection, StoreError> {
        let runtime = runtime()?;
        let config = runtime.block_on(load(&options));
        Ok(Connection::of(runtime, options, &config))
    }

    fn of(runtime: &'static Runtime, options: S3Options, config: &SdkConfig) -> Connection {
        // The SDK heeds both places by itself, but does not say so.
        let is_custom = has_endpoint(&options) || config.endpoint_url().is_some();
        let client = |config: &SdkConfig| {
            let mut client = Builder::from(config).force_path_style(options.path_style || is_custom);
            if let Some(endpoint) = &options.endpoint {
                client = client.endpoint_url(endpoint);
            }
            if config.region().is_none() {
                client = client.region(Region::from_static(DEFAULT_REGION));
            }
            client
        };
        // An identity cannot be taken back from a client that has one.
        let mut nobody = config.to_builder();
        nobody.set_credentials_provider(None);
        let unsigned = Client::from_conf(client(&nobody.build()).allow_no_auth().build());
        let signed = Client::from_conf(client(config).build());
        Connection { runtime, signed, unsigned, options }
    }

    /// The client for a bucket.
    pub(super) fn client(&self, bucket: &str) -> &Client {
        let is_anonymous = self.options.anonymous.iter().any(|anonymous| anonymous == bucket);
        if is_anonymous { &self.unsigned } else { &self.signed }
    }

    /// Who pays.
    pub(super) fn payer(&self) -> Option<RequestPayer> {
        self.options.requester_pays.then_some(RequestPayer::Requester)
    }

    /// Waits for an answer. Nothing that runs on the runtime calls this, so it cannot wait for itself.
    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

/// The runtime of the process. It lives as long as the process does.
fn runtime() -> Result<&'static Runtime, StoreError> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let made = builder.worker_threads(WORKERS).thread_name("s3").enable_all().build();
    let made = made.map_err(|error| StoreError::transient("start", "threads", error))?;
    Ok(RUNTIME.get_or_init(|| made))
}

/// Whether flags or environment name a service that is not AWS.
fn has_endpoint(options: &S3Options) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    options.endpoint.is_some() || ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].into_iter().any(is_set)
}

/// The standard AWS environment: variables, profiles, web identity, and the metadata services of machines and containers.
async fn load(options: &S3Options) -> SdkConfig {
    let loader = settings();
    let loader = match &options.region {
        Some(region) => loader.region(Region::new(region.clone())),
        // A machine outside AWS would wait for a metadata service that is not there.
        None if has_endpoint(options) => {
            let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
            let region = region.or_else(ProfileFileRegionProvider::new());
            loader.region(region.or_else(Region::from_static(DEFAULT_REGION)))
        }
        None => loader,
    };
    loader.load().await
}

/// What is ours and not the environment's to decide.
fn settings() -> ConfigLoader {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(FIRST_BYTE);
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().tls_provider(ring).build_https())
        .timeout_config(timeouts.operation_attempt_timeout(ATTEMPT).build())
        // Mode `adaptive` came to a stop under faults that `standard` got through.
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        // Gateways of some age refuse checksums that trail a body.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
}

#[cfg(test)]
impl Connection {
    /// A connection to a server of a test, with an identity of its own.
    pub(crate) fn for_tests(options: S3Options) -> Arc<Connection> {
        let runtime = runtime().unwrap();
        let settings = settings().test_credentials().region(Region::from_static(DEFAULT_REGION));
        let config = runtime.block_on(settings.empty_test_environment().load());
        Arc::new(Connection::of(runtime, options, &config))
    }
}
