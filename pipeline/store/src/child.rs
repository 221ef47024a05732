//! A command at work: a process group of its own, which is ended when the task goes on without it, or this program ends.
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
    /// Starts a program with arguments; the three streams are ours.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &[String]) -> io::Result<(Running, ChildStdin, ChildStdout, ChildStderr)> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments);
        Running::start_with(command)
    }

    /// As [`Running::start`], with a folder and an environment of its own.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_with(mut command: Command) -> io::Result<(Running, ChildStdin, ChildStdout, ChildStderr)> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A command may start others; all of them must end with it.
        command.process_group(0);
        end_with_us(&mut command);
        let mut child = command.spawn()?;
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
    ///
    /// # Errors
    /// When the system does not tell.
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

/// Asks the system to end a command when this program is killed and can do nothing more about it.
#[cfg(target_os = "linux")]
fn end_with_us(command: &mut Command) {
    let ask = || {
        // SAFETY: the call concerns the process that is about to become the command, and takes no memory.
        match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: between the fork and the command only one system call is made.
    unsafe { command.pre_exec(ask) };
}

/// Other systems know no such thing; a command notices that its standard input has ended.
#[cfg(not(target_os = "linux"))]
fn end_with_us(_: &mut Command) {}

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
