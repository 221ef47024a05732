//! Which devices are meant by `auto`, `cpu`, `cuda` and `cuda:0,1`, and why.

use crate::cuda::{self, Found};
use tokenmill_core::BuildError;
use tokenmill_core::score::AUTO;

/// The devices to work on.
#[derive(Clone, Debug)]
pub enum Choice {
    /// The cores of this machine.
    Cpu {
        /// Why no GPU is used; empty when nobody wanted one.
        why: String,
    },
    /// GPUs.
    Cuda(Vec<Found>),
}

impl Choice {
    /// The choice in a line, for people.
    pub fn describe(&self) -> String {
        match self {
            Choice::Cpu { why } if why.is_empty() => "encoders run on the CPU".to_owned(),
            Choice::Cpu { why } => format!("encoders run on the CPU: {why}"),
            Choice::Cuda(found) => {
                let gpus: Vec<String> = found.iter().map(|gpu| format!("GPU {}: {}", gpu.index, gpu.name)).collect();
                format!("encoders run on {}", gpus.join(", "))
            }
        }
    }
}

/// Looks for the devices that are asked for.
///
/// # Errors
/// When they are not there, or nobody knows what is meant.
pub fn choose(device: &str) -> Result<Choice, BuildError> {
    let hint = "`cpu`, `cuda` (all GPUs), `cuda:0,1`, or `auto` (GPUs if there are any)";
    let unknown = || BuildError::new(format!("`{device}` is no device")).hint(hint);
    match device {
        "cpu" => Ok(Choice::Cpu { why: String::new() }),
        AUTO => Ok(match cuda::probe() {
            Ok(found) => Choice::Cuda(found),
            Err(why) => Choice::Cpu { why },
        }),
        _ => {
            let wanted = match device.strip_prefix("cuda").ok_or_else(unknown)? {
                "" => None,
                list => {
                    let list = list.strip_prefix(':').ok_or_else(unknown)?;
                    let numbers = list.split(',').map(|number| number.trim().parse::<usize>().ok());
                    Some(numbers.collect::<Option<Vec<usize>>>().ok_or_else(unknown)?)
                }
            };
            let refuse = |why: String| BuildError::new(format!("device `{device}` is not there: {why}"));
            let found = cuda::probe().map_err(|why| refuse(why).hint("`--device cpu` always works"))?;
            let Some(wanted) = wanted else { return Ok(Choice::Cuda(found)) };
            let pick = |index: &usize| {
                let gpu = found.iter().find(|gpu| gpu.index == *index).cloned();
                gpu.ok_or_else(|| refuse(format!("there is no GPU {index}; there are {}", found.len())))
            };
            wanted.iter().map(pick).collect::<Result<_, _>>().map(Choice::Cuda)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood() {
        assert!(matches!(choose("cpu"), Ok(Choice::Cpu { why }) if why.is_empty()));
        for word in ["gpu", "cuda:", "cuda:x", "cuda0", "", "cuda:0;1"] {
            assert_eq!(choose(word).unwrap_err().message, format!("`{word}` is no device"));
        }
        // Whether there is a GPU or not, `auto` finds a device, and says why it is no GPU.
        match (choose("auto").unwrap(), choose("cuda")) {
            (Choice::Cpu { why }, Err(error)) => {
                assert!(!why.is_empty() && error.message.contains(&why), "{error}");
                assert!(choose("auto").unwrap().describe().contains(&why));
            }
            (Choice::Cuda(all), Ok(Choice::Cuda(same))) => assert_eq!(all.len(), same.len()),
            other => panic!("{other:?}"),
        }
        assert!(choose("cuda:99").is_err());
    }
}
