"""The Debian packages: built on each release, installed in a fresh system of it, used, purged without a trace."""
import base64
import io
import pathlib
import tarfile
import tempfile

import debian
from suite import DeployCase

SOURCE = debian.SOURCE
NAMES = ("celeriac", "celeriac-module-math", "libceleriac-dev")
USE = r"""
set -e
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
apt-get update -qq
apt-get install -y -qq --no-install-recommends redis-server >/dev/null 2>&1
dpkg-query -W -f '${Package}\n' | sort >/tmp/before
find / -xdev -path /tmp -prune -o -path '*/apt/*' -prune -o -print | sort >/tmp/files
apt-get install -y -qq --no-install-recommends /packages/*.deb >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
dpkg --audit
test -e /usr/share/man/man1/celeriac-worker.1* && test -e /usr/share/man/man3/celeriac.3*
test -e /usr/lib/systemd/system/celeriac-worker.service
celeriac version
celeriac run --local factorial 24
celeriac run --local eval 'x^2+y' '{"x":3,"y":1}'
apt-get purge -y -qq celeriac-module-math >/dev/null 2>&1
celeriac run --local eval 1 >/dev/null 2>&1 && exit 1
celeriac run --local sum_range 5
apt-get purge -y -qq celeriac libceleriac-dev >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
apt-get autoremove --purge -y -qq >/dev/null 2>&1
dpkg-query -W -f '${Package}\n' | sort | diff /tmp/before - || exit 1
find / -xdev -path /tmp -prune -o -path '*/apt/*' -prune -o -print | sort | comm -13 /tmp/files - | grep celeriac && exit 1
ldconfig -p | grep celeriac && exit 1
echo purged
"""


class Packages(DeployCase):
    def build(self, release, directory):
        tag = f"celeriac-packages:{release}"
        self.engine.docker("build", "-q", "-f", "packaging/Dockerfile", "--build-arg", f"DEBIAN=debian:{release}-slim",
                           "-t", tag, ".", cwd=SOURCE, timeout=1800)
        name = self.engine.docker("create", tag)
        packed = self.engine.run("sh", "-c", f"docker cp {name}:/packages - | base64").stdout
        self.engine.docker("rm", name)
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed))) as tar:
            tar.extractall(directory)
        return sorted(path.name for path in pathlib.Path(directory, "packages").glob("*.deb"))

    def check(self, release):
        debian.load(self.engine, release)
        with tempfile.TemporaryDirectory(dir=self.engine.dir) as directory:
            found = self.build(release, directory)
            self.assertEqual({name.split("_")[0] for name in found}, set(NAMES))
            output = self.engine.docker("run", "--rm", "-i", "--network", "host", "-v", f"{directory}/packages:/packages:ro",
                                        f"debian:{release}", "sh", "-s", stdin=USE)
        self.assertEqual(output.splitlines()[-5:][1:], ["620448401733239439360000", "10", "10", "purged"], output)

    def test_debian_12(self):
        self.check("bookworm")

    def test_debian_13(self):
        self.check("trixie")
