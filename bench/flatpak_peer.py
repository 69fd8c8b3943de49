# SPDX-License-Identifier: LGPL-2.1-or-later
"""The smallest Flatpak application that prints a line: the host's own echo, and a runtime that is its libc."""
import os, re, shutil, subprocess

RUNTIME = """[Runtime]
name=org.example.BenchPlatform
runtime=org.example.BenchPlatform/{arch}/stable
sdk=org.example.BenchPlatform/{arch}/stable
"""
APPLICATION = """[Application]
name=org.example.Bench
runtime=org.example.BenchPlatform/{arch}/stable
sdk=org.example.BenchPlatform/{arch}/stable
command=echo
"""


def libraries(program):
    """(path that the program asks for, where it is), the loader included."""
    text = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in text.splitlines():
        if match := re.match(r"\s*(?:\S+ => )?(/\S+) \(", line):
            yield match.group(1)


def make_runtime(top):
    usr = os.path.join(top, "usr")
    for directory in ("bin", "etc", "lib"):
        os.makedirs(os.path.join(usr, directory))
    os.mkdir(os.path.join(top, "files"))
    for path in libraries("/usr/bin/echo"):
        target = usr + (path[4:] if path.startswith("/usr/") else path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(os.path.realpath(path), target)
    shutil.copy("/usr/bin/echo", os.path.join(usr, "bin"))


def install(env, place):
    """Installs it for the user of @env; returns the command line that prints "x"."""
    top = os.path.join(place, "flatpak")
    env = {**env, "FLATPAK_SYSTEM_HELPER_ON_SESSION": "1"}

    def run(*words):
        done = subprocess.run(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise SystemExit(f"launch: {' '.join(words)}: {done.stdout}")
        return done.stdout.strip()

    arch = run("flatpak", "--default-arch")
    runtime, application, repository = (os.path.join(top, name) for name in ("runtime", "application", "repository"))
    make_runtime(runtime)
    os.makedirs(os.path.join(application, "files", "bin"))
    os.mkdir(os.path.join(application, "export"))
    shutil.copy("/usr/bin/echo", os.path.join(application, "files", "bin"))
    for directory, text in ((runtime, RUNTIME), (application, APPLICATION)):
        with open(os.path.join(directory, "metadata"), "w") as file:
            file.write(text.format(arch=arch))
    run("ostree", "init", f"--repo={repository}", "--mode=archive")
    run("flatpak", "build-export", "--runtime", repository, runtime, "stable")
    run("flatpak", "build-export", repository, application, "stable")
    run("flatpak", "--user", "remote-add", "--no-gpg-verify", "--if-not-exists", "bench", repository)
    run("flatpak", "--user", "install", "-y", "bench", "org.example.BenchPlatform//stable", "org.example.Bench//stable")
    command = ["/usr/bin/flatpak", "--user", "run", "--no-documents-portal", "org.example.Bench", "x"]
    if run(*command).splitlines()[-1] != "x":
        raise SystemExit("launch: the Flatpak application does not print its line")
    return command
