# SPDX-License-Identifier: ISC
"""A store of users in a folder of its own, and posternctl on it."""

import json
import re
import shutil

import harness


class Store:
    """A folder of the service's user with a store in it, and posternctl on it."""

    def __init__(self, programs, where=None):
        self.programs = programs
        self.dir = where or harness.folder("postern-users-")
        self.path = self.dir / "users"
        self.conf = self.dir / "postern.conf"
        self.settings = {"users": self.path, "domains": "447.edu other.example",
                         "hostname": "447.edu", "password_iterations": 4096}

    def argv(self):
        self.conf.write_text("".join(f"{k} = {v}\n" for k, v in self.settings.items()))
        return "-c", self.conf

    def ctl(self, *args, **more):
        return self.programs.run("posternctl", *self.argv(), *args, **more)

    def user(self, *args, **more):
        return self.ctl("user", *args, **more)

    def device(self, *args, **more):
        return self.ctl("device", *args, **more)

    def enrol(self, *args, **more):
        return self.ctl("enrol", *args, **more)

    def refused(self, status, *args, group="user", **more):
        """The one sentence that a refused command says."""
        ran = self.ctl(group, *args, check=False, **more)
        assert ran.returncode == status, ran
        assert ran.stdout == "", ran.stdout
        assert re.fullmatch(r"posternctl: [^\n]+\n", ran.stderr), ran.stderr
        return ran.stderr

    def add(self, name, *more):
        return self.user("add", name, "--generate", *more).stdout.splitlines()[-1]

    def list(self, **more):
        return json.loads(self.user("list", "--json", **more).stdout)

    def devices(self, *user):
        return json.loads(self.device("list", *user, "--json").stdout)

    def names(self, **more):
        return [user["user"] for user in self.list(**more)]

    def show(self, name):
        return json.loads(self.user("show", name, "--json").stdout)

    def lines(self):
        return self.path.read_bytes().decode("latin-1").split("\n")

    def close(self):
        left = {p.name for p in self.dir.iterdir()}
        assert left <= {"users", "users.lock", "postern.conf", "seen"}, left
        shutil.rmtree(self.dir)
