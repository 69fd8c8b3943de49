# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels of Debian, and a virtual machine that boots one of them on the files of this machine.

The processor is emulated (tcg): it works everywhere, also inside a virtual machine, and is many times slower. Nothing is
installed and nothing of this machine is changed: packages are unpacked below a cache directory, and what the guest writes
is lost with it but for its directory of results."""
import contextlib
import dataclasses
import glob
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get('SANDBOX_KERNEL_CACHE')
                     or pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'sandbox-kernels')
KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
# What the guest needs before it has a file system; some are built in, depending on the kernel
MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay']
MODULE_DIRS = re.compile(r'/kernel/(drivers/virtio|net/9p|fs/(9p|overlayfs|netfs|fscache|cachefiles))/[^/]+\.ko(\.xz)?$')


class Failed(Exception):
    """What could not be done, for people."""


@dataclasses.dataclass
class Kernel:
    """A row of the table in scripts/kernels: a series, and the Debian suite that has it."""
    series: str
    suite: str
    facts: dict
    ci: bool = False
    command_line: str = ''
    name: str = ''
    memory: int = 1536  # MiB
    systemd: str = ''  # is the first process: 'installed', or the suite that has it
    steps: tuple = ()

    @property
    def directory(self):
        """Where it is unpacked."""
        return CACHE / f'linux-{self.series}'

    @property
    def version(self):
        """Of the unpacked kernel, for example 6.1.0-56-amd64 (6.1.192-2)."""
        return (self.directory / 'version').read_text(encoding='utf-8').strip()


def call(*command, **options):
    """Runs a command; Failed with its output when it fails."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options)
    if result.returncode != 0:
        raise Failed(f'{" ".join(map(str, command))}: exit status {result.returncode}\n{result.stderr.decode()[-2000:]}')
    return result.stdout


def mirrors():
    """The mirrors of Debian and of its security updates that this machine uses."""
    found = {}
    for name in ['/etc/apt/sources.list', *glob.glob('/etc/apt/sources.list.d/*')]:
        with contextlib.suppress(OSError):
            text = pathlib.Path(name).read_text(encoding='utf-8')
            for url in re.findall(r'^(?:URIs:|deb(?:\s+\[[^]]*\])?)\s+(\S+)', text, re.MULTILINE):
                kind = 'security' if url.rstrip('/').endswith('debian-security') else 'debian'
                if kind == 'security' or url.rstrip('/').endswith('/debian'):
                    found.setdefault(kind, url)
    return found.get('debian', 'http://deb.debian.org/debian'), \
        found.get('security', 'http://deb.debian.org/debian-security')


def private_apt(suite):
    """The environment for an apt that knows this suite and its security updates, and nothing else."""
    home = CACHE / 'apt' / suite
    debian, security = mirrors()
    lines = [f'deb [signed-by={KEYRING}] {debian} {suite} main']
    if '-' not in suite:
        lines.append(f'deb [signed-by={KEYRING}] {security} {suite}-security main')
    for directory in ['lists/partial', 'cache/archives/partial']:
        (home / directory).mkdir(parents=True, exist_ok=True)
    (home / 'sources.list').write_text('\n'.join(lines) + '\n', encoding='utf-8')
    (home / 'apt.conf').write_text(
        f'Dir::Etc::sourcelist "{home}/sources.list";\nDir::Etc::sourceparts "-";\nDir::State::lists "{home}/lists";\n'
        f'Dir::Cache "{home}/cache";\nAcquire::Languages "none";\nAPT::Sandbox::User "";\n', encoding='utf-8')
    environment = dict(os.environ, APT_CONFIG=str(home / 'apt.conf'), LC_ALL='C.UTF-8')
    call('apt-get', '-q', 'update', env=environment)
    return environment


def find_package(series, environment):
    """The newest ordinary (not cloud, not realtime) kernel of the series, as the packages that hold its files."""
    names = call('apt-cache', 'pkgnames', f'linux-image-{series}', env=environment).decode().split()
    pattern = re.compile(rf'linux-image-{re.escape(series)}\.[0-9.]+(-[0-9]+|\+deb[0-9.]+)-amd64')
    names = [name for name in names if pattern.fullmatch(name)]
    if not names:
        raise Failed(f'there is no kernel {series} in the package lists')
    newest = max(names, key=lambda name: [int(number) for number in re.findall(r'\d+', name)])
    depends = call('apt-cache', 'depends', newest, env=environment).decode()
    # Since 6.19 the package has no files of its own
    return [newest, *re.findall(r'Depends: (linux-(?:binary|modules)-\S+)', depends)]


def unpack(package, directory):
    """Takes the kernel and the few modules out of a package."""
    with subprocess.Popen(['dpkg-deb', '--fsys-tarfile', package], stdout=subprocess.PIPE) as source:
        with tarfile.open(fileobj=source.stdout, mode='r|') as archive:
            for member in archive:
                name = os.path.basename(member.name)
                if not member.isfile():
                    continue
                if name.startswith('vmlinuz'):
                    (directory / 'vmlinuz').write_bytes(archive.extractfile(member).read())
                elif MODULE_DIRS.search(member.name):
                    content = archive.extractfile(member).read()
                    if name.endswith('.xz'):
                        name, content = name[:-3], lzma.decompress(content)
                    (directory / name.replace('-', '_')).write_bytes(content)
        source.stdout.read()


def decompress(data):
    """The payload of a bzImage; what follows the compressed data is ignored."""
    if data.startswith(b'\xfd7zXZ'):
        return lzma.LZMADecompressor().decompress(data)
    if data.startswith(b'\x1f\x8b'):
        return zlib.decompressobj(wbits=31).decompress(data)
    if data.startswith(b'\x28\xb5\x2f\xfd'):
        # zstd complains of the size that follows the frame, after it has written everything
        return subprocess.run(['zstd', '-dcq'], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=False).stdout
    raise Failed(f'a kernel compressed in an unknown way ({data[:4].hex()})')


def extract_vmlinux(directory):
    """The bare ELF kernel, which starts without decompressing itself on an emulated processor. Offsets: the kernel's
    Documentation/arch/x86/boot.rst (setup_sects, payload_offset, payload_length)."""
    image = (directory / 'vmlinuz').read_bytes()
    start = (image[0x1f1] + 1) * 512 + int.from_bytes(image[0x248:0x24c], 'little')
    kernel = decompress(image[start:start + int.from_bytes(image[0x24c:0x250], 'little')])
    if not kernel.startswith(b'\x7fELF'):
        raise Failed('the kernel image holds no ELF file')
    (directory / 'vmlinux').write_bytes(kernel)
    (directory / 'vmlinuz').unlink()


def fetch(kernel, refresh=False):
    """Sees to it that the kernel is in the cache."""
    if (kernel.directory / 'version').exists() and not refresh:
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    environment = private_apt(kernel.suite)
    packages = find_package(kernel.series, environment)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        call('apt-get', '-q', 'download', *packages, cwd=scratch, env=environment)
        new = pathlib.Path(scratch) / 'new'
        new.mkdir()
        version = re.search(r'_([^_]+)_', next(pathlib.Path(scratch).glob(packages[0] + '_*.deb')).name)[1]
        for package in pathlib.Path(scratch).glob('*.deb'):
            unpack(package, new)
            package.unlink()
        extract_vmlinux(new)
        (new / 'version').write_text(f'{packages[0].removeprefix("linux-image-")} ({version.replace("%3a", ":")})\n',
                                     encoding='utf-8')
        shutil.rmtree(kernel.directory, ignore_errors=True)
        new.rename(kernel.directory)


def systemd_directory(suite):
    """Where fetch_systemd () unpacks."""
    return CACHE / f'systemd-{suite}'


def fetch_systemd(suite, refresh=False):
    """Sees to it that the systemd of the suite is in the cache."""
    if suite in ('', 'installed') or systemd_directory(suite).exists() and not refresh:
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    environment = private_apt(suite)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        call('apt-get', '-q', 'download', 'systemd', 'libsystemd-shared', 'libsystemd0', 'libpam-systemd', cwd=scratch,
             env=environment)
        new = pathlib.Path(scratch) / 'new'
        for package in pathlib.Path(scratch).glob('*.deb'):
            call('dpkg-deb', '-x', package, new)
        shutil.rmtree(systemd_directory(suite), ignore_errors=True)
        new.rename(systemd_directory(suite))


def module_order(directory):
    """The modules to load, each after what it depends on. What there is no file for is built in."""
    order = []

    def add(name):
        path = directory / f'{name.replace("-", "_")}.ko'
        if path.stem in order or not path.exists():
            return
        depends = re.search(rb'\0depends=([^\0]*)\0', b'\0' + path.read_bytes())
        for other in (depends[1].decode().split(',') if depends else []):
            if other:
                add(other)
        order.append(path.stem)

    for name in MODULES:
        add(name)
    return order


def make_initrd(kernel, job, path):
    """A first file system in memory: busybox, modules, guest-init and the job."""
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        for name in ['bin', 'proc', 'sys', 'dev', 'modules', 'lower', 'upper', 'root']:
            (root / name).mkdir()
        shutil.copy('/bin/busybox', root / 'bin' / 'busybox')
        shutil.copy(HERE / 'guest-init', root / 'init')
        (root / 'init').chmod(0o755)
        (root / 'job').write_text(job, encoding='utf-8')
        order = module_order(kernel.directory)
        for name in order:
            shutil.copy(kernel.directory / f'{name}.ko', root / 'modules')
        (root / 'modules' / 'order').write_text(''.join(name + '\n' for name in order), encoding='utf-8')
        names = '\n'.join(str(file.relative_to(root)) for file in sorted(root.rglob('*')))
        path.write_bytes(call('/bin/busybox', 'cpio', '-o', '-H', 'newc', cwd=root, input=names.encode()))


def boot(kernel, job, results, limit, log):
    """Boots the kernel, which runs the shell script @job as root and is then switched off. @results is the directory
    /run/guest/results inside. @log gets what the job prints, and the kernel's own messages when something is wrong.
    False when the machine was not done after @limit seconds."""
    with tempfile.TemporaryDirectory() as scratch:
        initrd = pathlib.Path(scratch) / 'initrd'
        make_initrd(kernel, job, initrd)
        share = 'local,security_model=none,multidevs=remap'
        # A kernel patches its own code when the first limit of a kind is set (static keys); an emulated processor may run
        # into that half done by another one: "Oops: int3" in __set_next_task_fair
        processors = '1' if kernel.systemd else '2'
        command = ['setpriv', '--pdeathsig', 'KILL', 'qemu-system-x86_64', '-accel', 'tcg,thread=multi',
                   '-cpu', 'max', '-smp', processors, '-m', str(kernel.memory),
                   '-display', 'none', '-nodefaults', '-no-user-config', '-no-reboot',
                   '-chardev', f'file,id=log,path={log}', '-device', 'isa-serial,chardev=log',
                   '-virtfs', f'{share},path=/,mount_tag=machine,readonly=on',
                   '-virtfs', f'{share},path={results},mount_tag=results',
                   '-kernel', str(kernel.directory / 'vmlinux'), '-initrd', str(initrd),
                   '-append', 'console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nokaslr nowatchdog tsc=reliable '
                   f'random.trust_cpu=on rdinit=/init {kernel.command_line}'.strip()]
        try:
            ended = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            return False
        if ended.returncode != 0:
            raise Failed(f'qemu: exit status {ended.returncode}: {ended.stderr.decode()[-1000:]}')
        return True
