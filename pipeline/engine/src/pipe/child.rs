//! A command at work: a process group of its own, which is ended when the task goes on without it.
#![expect(unsafe_code, reason = "a process group can only be killed through the C library")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// A running command.
pub struct Running {
    child: Child,
    is_over: bool,
}

impl Running {
    /// Starts a command; the three streams are ours.
    pub fn start(command: &[String]) -> io::Result<(Running, ChildStdin, ChildStdout, ChildStderr)> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A command may start others; all of them must end with it.
        let mut child = command.process_group(0).spawn()?;
        let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let running = Running { child, is_over: false };
        match streams {
            (Some(stdin), Some(stdout), Some(stderr)) => Ok((running, stdin, stdout, stderr)),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// What ends all that the command has started once it has ended itself. Must be done before [`Running::wait`].
    pub fn watcher(&self) -> Watcher {
        Watcher(self.child.id())
    }

    /// Waits until the command has ended.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        self.is_over = true;
        Ok(status)
    }

    /// Ends the command and all that it has started.
    pub fn kill(&mut self) {
        if !self.is_over {
            kill_group(self.child.id());
        }
    }
}

/// Knows when a command has ended.
pub struct Watcher(u32);

impl Watcher {
    /// Waits until the command has ended, and ends what it has left behind: its streams would stay open as long as somebody
    /// has them.
    pub fn watch(self) {
        loop {
            // SAFETY: all bytes of this plain structure of the C library may be zero.
            let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
            // SAFETY: `info` is ours. The child is not waited for, only looked at, so that its number stays its own.
            let status = unsafe { libc::waitid(libc::P_PID, self.0, &raw mut info, libc::WEXITED | libc::WNOWAIT) };
            if status == 0 {
                return kill_group(self.0);
            }
            if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return;
            }
        }
    }
}

/// Ends all processes of the group that a child leads, which has not been waited for.
fn kill_group(child: u32) {
    let group = i32::try_from(child).unwrap_or(0);
    if group > 0 {
        // SAFETY: a signal to a process group has no effect on our memory. The child has not been waited for, so its
        // number is still its own, and so is that of its group.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        // Nothing can be done about a process that cannot be waited for.
        let _ = self.child.wait();
    }
}
