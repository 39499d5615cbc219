"""Base images of Debian without a registry: made by debootstrap, imported into the engine.

The archive of a release is kept for a week in build/deploy. Two images come of it: debian:RELEASE, as debootstrap leaves
it, and debian:RELEASE-slim, which like the official one has no documentation and no translations, and installs none.
"""
import io
import pathlib
import subprocess
import tarfile
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CACHE = SOURCE / "build/deploy"
MIRROR = "http://deb.debian.org/debian"
KEPT_SECONDS = 7 * 86400
LEFT_OUT = ("./dev/", "./proc/", "./sys/", "./var/cache/apt/", "./var/lib/apt/lists/", "./var/log/")
NOT_SLIM = ("./usr/share/doc/", "./usr/share/man/", "./usr/share/info/", "./usr/share/locale/")
EXCLUDES = "".join(f"path-exclude {path[1:]}*\n" for path in NOT_SLIM)


def archive(release):
    """The path of a tar file of a fresh minimal system."""
    path = CACHE / f"debian-{release}.tar"
    if path.exists() and time.time() - path.stat().st_mtime < KEPT_SECONDS:
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="celeriac-debian-") as root:
        done = subprocess.run(["debootstrap", "--variant=minbase", release, root, MIRROR], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise AssertionError(f"debootstrap {release}:\n" + "\n".join(done.stdout.splitlines()[-20:]))
        new = path.with_suffix(".new")
        subprocess.run(["tar", "-C", root, "-cf", new, "."], check=True)
        new.rename(path)
    return path


def copy(source, target, left_out):
    with tarfile.open(source) as old, tarfile.open(fileobj=target, mode="w|") as new:
        for member in old:
            if not member.name.startswith(left_out):
                new.addfile(member, old.extractfile(member) if member.isreg() else None)
        if NOT_SLIM[0] in left_out:
            member = tarfile.TarInfo("./etc/dpkg/dpkg.cfg.d/docker")
            member.size = len(EXCLUDES)
            new.addfile(member, io.BytesIO(EXCLUDES.encode()))


def load(engine, release):
    """Gives the engine both images of a release."""
    for tag, left_out in ((release, LEFT_OUT), (f"{release}-slim", LEFT_OUT + NOT_SLIM)):
        with subprocess.Popen(["docker", "import", "-", f"debian:{tag}"], env=engine.env, stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL) as child:
            copy(archive(release), child.stdin, left_out)
            child.stdin.close()
        if child.returncode:
            raise AssertionError(f"docker import debian:{tag}: exit code {child.returncode}")
