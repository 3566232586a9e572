# SPDX-License-Identifier: ISC
"""A real terminal for the tests that look at a screen: tmux(1), one server for each."""

import shutil
import subprocess

import harness


class Tmux:
    """A program in a window of that many columns. keys are tmux's names of keys, or text."""

    def __init__(self, argv, env, columns=80, rows=24, term="screen-256color"):
        self.dir = harness.folder("postern-tmux-")
        self.env = {**env, "TERM": "xterm-256color"}
        self.status = self.dir / "status"
        words = " ".join(f"'{word}'" for word in map(str, argv))
        # The shell does not leave by an interrupt that is meant for the program.
        command = (f"trap : INT; {words}; echo $? >{self.status}.new; "
                   f"mv {self.status}.new {self.status}; cat")
        conf = self.dir / "tmux.conf"
        conf.write_text(f"set -g default-terminal {term}\nset -g status off\n"
                        "set -g remain-on-exit on\nset -g escape-time 0\n")
        harness.give(self.dir)
        self("-f", str(conf), "new-session", "-d", "-x", str(columns), "-y", str(rows),
             "/bin/sh", "-c", command)

    def __call__(self, *words):
        more = {}
        if harness.AS_ROOT:
            more.update(user=harness.SERVICE.pw_uid, group=harness.SERVICE.pw_gid,
                        extra_groups=[])
        done = subprocess.run(
            ["tmux", "-S", str(self.dir / "socket"), *words], env=self.env, cwd=self.dir,
            capture_output=True, text=True, check=False, timeout=20, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self("kill-server")
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def screen(self, colours=False):
        """The rows of the screen as text, without blanks at their ends."""
        text = self("capture-pane", "-p", *(["-e"] if colours else []))
        return "\n".join(row.rstrip() for row in text.split("\n")).rstrip("\n")

    def cursor(self):
        """(column, row)"""
        return tuple(map(int, self(
            "display-message", "-p", "#{cursor_x} #{cursor_y}").split()))

    def type(self, text):
        self("send-keys", "-l", "--", text)

    def press(self, *keys):
        self("send-keys", *keys)

    def line(self, text):
        self.type(text)
        self.press("Enter")

    def until(self, condition, what):
        """Waits until the screen is as condition, a function of its text, wants it."""
        try:
            return harness.until(lambda: condition(self.screen()), what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen is\n{self.screen()}") from None

    def expect(self, text):
        self.until(lambda screen: text in screen, repr(text))

    def last(self, text):
        """Waits until the last row is that."""
        self.until(lambda screen: screen.split("\n")[-1] == text, f"a last row {text!r}")

    def wait(self):
        """The program's exit status."""
        harness.until(self.status.exists, what="the end of the program")
        return int(self.status.read_text())

    def resize(self, columns, rows=24):
        self("resize-window", "-x", str(columns), "-y", str(rows))


def environment(programs, home, **more):
    env = programs.environment(HOME=str(home), **more)
    return {key: value for key, value in env.items() if value is not None and key != "TMUX"}
