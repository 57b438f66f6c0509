//! Progress of a run on standard error: a bar and lines on a terminal, only warnings elsewhere.

use std::collections::VecDeque;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use searchlens::runs::run::Progress;

use crate::scores::rounded;

/// Shows the progress of one training run.
pub(crate) struct Display {
    /// Hidden if standard error is not a terminal.
    bar: ProgressBar,
    steps: u64,
    recent: Recent,
}

/// Prints a line to standard error if that is a terminal.
pub(crate) fn note(text: impl std::fmt::Display) {
    if std::io::stderr().is_terminal() {
        eprintln!("{text}");
    }
}

impl Display {
    /// Creates a display that shows nothing yet.
    pub(crate) fn new() -> Display {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:28} step {pos}/{len}  {msg}");
        bar.set_style(style.expect("the template is valid"));
        Display { bar, steps: 0, recent: Recent::default() }
    }

    /// Shows an event of the run.
    pub(crate) fn show(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Started { step, steps, n_params } => {
                self.steps = steps;
                self.bar.set_length(steps);
                self.bar.set_position(step);
                let verb = if step == 0 { "training".into() } else { format!("resuming after step {step}:") };
                self.line(format_args!("{verb} {n_params} parameters, {steps} steps"));
            }
            Progress::Skipped { step, reason } => {
                self.bar.suspend(|| eprintln!("warning: the checkpoint of step {step} cannot be used: {reason}"))
            }
            Progress::Step { step, loss, tokens, seconds } => {
                self.recent.push(loss, tokens, seconds);
                self.bar.set_position(step);
                self.bar.set_message(self.recent.message(self.steps - step));
            }
            Progress::Evaluated { step, exact_path, first_fork } => self.line(format_args!(
                "step {step}: exact path {}, first fork {} on {} validation problems",
                rounded(&exact_path),
                rounded(&first_fork),
                exact_path.n
            )),
            Progress::Saved { .. } => {}
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Prints a permanent line above the bar.
    fn line(&self, text: std::fmt::Arguments<'_>) {
        self.bar.suspend(|| note(text));
    }
}

/// The last steps, over which loss and speed are averaged.
#[derive(Default)]
struct Recent {
    /// For each step: loss, tokens, and training seconds before it.
    steps: VecDeque<(f64, u64, f64)>,
}

/// Number of steps averaged over.
const WINDOW: usize = 50;

impl Recent {
    fn push(&mut self, loss: f64, tokens: u64, seconds: f64) {
        if self.steps.len() > WINDOW {
            self.steps.pop_front();
        }
        self.steps.push_back((loss, tokens, seconds));
    }

    /// Returns mean loss, tokens per second, and the estimated time for `left` more steps.
    fn message(&self, left: u64) -> String {
        let n = self.steps.len();
        let loss = self.steps.iter().map(|s| s.0).sum::<f64>() / n as f64;
        let elapsed = self.steps[n - 1].2 - self.steps[0].2;
        if n < 2 || elapsed <= 0.0 {
            return format!("loss {loss:.4}");
        }
        // The duration of the last step is not known yet.
        let tokens: u64 = self.steps.iter().take(n - 1).map(|s| s.1).sum();
        let seconds_left = elapsed / (n - 1) as f64 * left as f64;
        format!("loss {loss:.4}  {:.0} tokens/s  {} left", tokens as f64 / elapsed, clock(seconds_left))
    }
}

/// Formats a duration as M:SS or H:MM:SS.
pub(crate) fn clock(seconds: f64) -> String {
    let seconds = Duration::from_secs_f64(seconds.max(0.0)).as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::{Recent, clock};

    #[test]
    fn speed_leaves_out_the_last_step() {
        let mut recent = Recent::default();
        (0..5).for_each(|i| recent.push(2.0, 100, f64::from(i) * 0.5));
        assert_eq!(recent.message(120), "loss 2.0000  200 tokens/s  1:00 left");
    }

    #[test]
    fn durations() {
        assert_eq!((clock(59.9), clock(61.0), clock(7325.0)), ("0:59".into(), "1:01".into(), "2:02:05".into()));
    }
}
