//! The flags that say how object storage is reached. Identity comes from the standard AWS environment.

use tokenmill_store::S3Options;

/// Flags of every verb.
#[derive(clap::Args)]
#[command(next_help_heading = "Object storage")]
pub struct StorageArgs {
    /// Address of a service that is not AWS, for example `https://ceph.example:443` [also: AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL", env = "TOKENMILL_S3_ENDPOINT", hide_short_help = true)]
    s3_endpoint: Option<String>,
    /// Region of the buckets [also: AWS_REGION]
    #[arg(long, global = true, value_name = "REGION", env = "TOKENMILL_S3_REGION", hide_short_help = true)]
    s3_region: Option<String>,
    /// Put the bucket into the path of URLs; implied by an endpoint of one's own
    #[arg(long, global = true, env = "TOKENMILL_S3_PATH_STYLE", hide_short_help = true)]
    s3_path_style: bool,
    /// Pay for what is read from buckets whose owners do not
    #[arg(long, global = true, env = "TOKENMILL_S3_REQUESTER_PAYS", hide_short_help = true)]
    s3_requester_pays: bool,
    /// A public bucket that is read without an identity; may be given several times
    #[arg(
        long,
        global = true,
        value_name = "BUCKET",
        env = "TOKENMILL_S3_ANONYMOUS",
        value_delimiter = ',',
        hide_short_help = true
    )]
    s3_anonymous: Vec<String>,
}

impl StorageArgs {
    /// The same as variables, for processes that are started elsewhere. None of them is a secret.
    pub fn variables(&self) -> Vec<(String, String)> {
        let flag = |set: bool| set.then(|| "true".to_owned());
        let anonymous = Some(self.s3_anonymous.join(",")).filter(|names| !names.is_empty());
        let values = [
            ("TOKENMILL_S3_ENDPOINT", self.s3_endpoint.clone()),
            ("TOKENMILL_S3_REGION", self.s3_region.clone()),
            ("TOKENMILL_S3_PATH_STYLE", flag(self.s3_path_style)),
            ("TOKENMILL_S3_REQUESTER_PAYS", flag(self.s3_requester_pays)),
            ("TOKENMILL_S3_ANONYMOUS", anonymous),
        ];
        let named = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value.filter(|v| !v.is_empty())?));
        values.into_iter().filter_map(named).collect()
    }

    /// What the store has to know.
    pub fn options(self) -> S3Options {
        S3Options {
            endpoint: self.s3_endpoint.filter(|endpoint| !endpoint.is_empty()),
            region: self.s3_region.filter(|region| !region.is_empty()),
            path_style: self.s3_path_style,
            requester_pays: self.s3_requester_pays,
            anonymous: self.s3_anonymous,
        }
    }
}
