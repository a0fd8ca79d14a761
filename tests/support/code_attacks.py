"""Code that tries to get a reward without an answer, to read protected data, or to harm other processes.

Each attack is the source of a module with a function `f`. The right result of `f(1)` would be 3. The names in
capitals stand for facts about the machine that an attacker may know. `aimed` replaces them.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CANARY = "CANARY-4f1d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Facts about the machine, to aim an attack."""

    host: int
    """The id of the grader's process."""
    neighbor: int
    """The id of a process in another session, or any other process of this user."""
    port: int
    """A port of this machine that must accept no connection, such as the Runtime API's."""
    answers: Path
    """A file that contains the canary."""
    unix: str
    """The path of a UNIX socket that must accept no connection, and the name of an abstract one."""


def aimed(source: str, targets: Targets) -> str:
    """Return an attack's source with these targets filled in."""
    known = {
        "HOST": str(targets.host),
        "NEIGHBOR": str(targets.neighbor),
        "PORT": str(targets.port),
        "ANSWERS": repr(str(targets.answers)),
        "FOLDER": repr(str(targets.answers.parent)),
        "SOCKET": repr(targets.unix),
    }
    for name, text in known.items():
        source = source.replace(name, text)
    return source


@contextmanager
def listeners() -> Iterator[tuple[list[socket.socket], int, str]]:
    """Yield listening sockets, with their TCP and UDP port and the path of their UNIX socket."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        port, path = tcp.getsockname()[1], f"{folder}/s"
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_UNIX) as unix,
            socket.socket(socket.AF_UNIX) as abstract,
        ):
            udp.bind(("127.0.0.1", port))
            unix.bind(path)
            abstract.bind(f"\0{path}")
            for listener in (tcp, unix, abstract):
                listener.listen()
            yield [tcp, udp, unix, abstract], port, path


def heard(listener: socket.socket) -> bool:
    """Return True if a connection or a packet has arrived."""
    listener.settimeout(0)
    try:
        if listener.type is socket.SOCK_DGRAM:
            listener.recv(1)
        else:
            listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


_RAW = "import ctypes, os, signal, struct\nC = ctypes.CDLL(None, use_errno=True)\n"
# System call numbers of x86-64. On other machines they are other calls, which must fail as well.
_CALLS = {
    "open_by_handle": "304, -100, 0, 0",
    "openat2": "437, -100, b'/etc/passwd', b'\\0' * 24, 24",
    "memfd_create": "319, b'x', 0",
    "execveat": "322, 0, b'', 0, 0, 0x1000",
    "clone": "56, 17, 0, 0, 0, 0",
    "clone3": "435, b'\\0' * 88, 88",
    "vfork": "58",
    "ptrace_seize_host": "101, 0x4206, HOST, 0, 0",
    "process_vm_readv": "310, HOST, 0, 0, 0, 0, 0",
    "process_madvise": "440, 0, 0, 0, 21, 0",
    "pidfd_open_host": "434, HOST, 0",
    "pidfd_getfd": "438, 0, 3, 0",
    "tgkill_host": "234, HOST, HOST, 9",
    "tkill_host": "200, HOST, 9",
    "queue_signal": "129, HOST, 9, b'\\0' * 128",
    "stop_host": "62, HOST, 19",
    "limits_of_host": "302, HOST, 0, b'\\0' * 16, 0",
    "priority_of_host": "141, 0, HOST, 19",
    "affinity_of_host": "203, HOST, 8, b'\\x01' + b'\\0' * 7",
    "scheduler_of_host": "144, HOST, 5, b'\\0' * 8",
    "kcmp": "312, HOST, HOST, 0, 0, 1",
    "prctl": "157, 1, 0, 0, 0, 0",
    "mount": "165, b'/', b'/tmp', b'', 4096, 0",
    "unshare": "272, 0x10000000",
    "setns": "308, 0, 0",
    "chroot": "161, b'/'",
    "bpf": "321, 0, 0, 0",
    "add_key": "248, b'user', b'x', b'y', 1, -3",
    "keyctl": "250, 0, -3, 0, 0",
    "perf": "298, 0, 0, -1, -1, 0",
    "io_uring": "425, 8, b'\\0' * 120",
    "userfaultfd": "323, 0",
    "shared_memory": "29, 0, 4096, 0o1600",
    "message_queue": "68, 0, 0o1600",
    "semaphores": "64, 0, 1, 0o1600",
    "posix_queue": "240, b'/x', 0o102, 0o600, 0",
    "inotify": "294, 0",
    "personality": "135, 0x0400000",
    "executable_memory": "9, 0, 4096, 7, 0x22, -1, 0",
    "seccomp": "317, 0, 0, 0",
    "kernel_log": "103, 3, b'\\0' * 64, 64",
    "send_descriptor": "46, 3, b'\\0' * 56, 0",
    "change_mode": "90, ANSWERS.encode(), 0o777",
    "truncate": "76, ANSWERS.encode(), 0",
    "times": "132, ANSWERS.encode(), 0",
    "stat": "4, ANSWERS.encode(), b'\\0' * 256",
    "stat_by_empty_path": "262, -100, ANSWERS.encode(), b'\\0' * 256, 0x1000",
    "change_folder": "80, FOLDER.encode()",
    "hostname": "170, b'x', 1",
    "reboot": "169, 0, 0, 0, 0",
}

ATTACKS: dict[str, str] = {
    "exit": "import sys\nsys.exit(0)",
    "exit_in_call": "import sys\ndef f(x): sys.exit(0)",
    "hard_exit": "import os\nos._exit(0)",
    "hard_exit_in_call": "import os\ndef f(x): os._exit(0)",
    "own_exit": "class E(SystemExit): code = 0\ndef f(x): raise E(0)",
    "interrupt": "def f(x): raise KeyboardInterrupt",
    "generator_exit": "def f(x): raise GeneratorExit",
    "always_equal": (
        "class E:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n"
        "    __hash__ = None\ndef f(x): return E()"
    ),
    "equal_integer": (
        "class E(int):\n    def __eq__(self, other): return True\n    def __hash__(self): return 3\n"
        "    def __index__(self): return 3\n"
        "    def __int__(self): return 3\n    def __pos__(self): return 3\n"
        "    def __repr__(self): return '3'\ndef f(x): return E(0)"
    ),
    "class_that_lies": (
        "class E:\n    __class__ = int\n    def __repr__(self): return '3'\ndef f(x): return E()"
    ),
    "marker": "print('PASS 1.0')\ndef f(x): print('1.0'); return 0",
    "atexit": "import atexit\natexit.register(lambda: print('ok'))\ndef f(x): return 0",
    "frames": "import sys\ndef f(x): return [str(sys._getframe(n).f_locals) for n in range(1, 4)]",
    "objects": """
import gc, sys
def f(x):
    found, seen, left = [], set(), [*gc.get_objects(), *sys.modules.values(), sys._getframe(1)]
    while left and len(seen) < 300_000:
        one = left.pop()
        if id(one) in seen: continue
        seen.add(id(one))
        if isinstance(one, (str, bytes)) and "CAN" "ARY-" in str(one):
            found.append(str(one))
        left += gc.get_referents(one)
    return found[:3]
""",
    "main_module": "import sys\ndef f(x): return str(vars(sys.modules['__main__']))[:500]",
    "environment": "import os\ndef f(x): return os.environ.get('AWS_SECRET_ACCESS_KEY') or str(os.environ)",
    "c_environment": _RAW
    + "C.getenv.restype = ctypes.c_char_p\ndef f(x): return C.getenv(b'AWS_SECRET_ACCESS_KEY')",
    "host_environment": "def f(x): return open('/proc/HOST/environ').read()",
    "parent_environment": "import os\ndef f(x): return open(f'/proc/{os.getppid()}/environ').read()",
    "own_environment": "def f(x): return open('/proc/self/environ').read()",
    "host_memory": "def f(x): return open('/proc/HOST/mem', 'rb').read(1)",
    "host_maps": "def f(x): return open('/proc/HOST/maps').read()",
    "host_command": "def f(x): return open('/proc/HOST/cmdline').read() + 'CANARY-4f1d'",
    "host_files": "import os\ndef f(x): return os.listdir('/proc/HOST/fd')",
    "host_folder": "import os\ndef f(x): return os.readlink('/proc/HOST/cwd')",
    "own_files": "import os\ndef f(x): return os.listdir('/proc/self/fd')",
    "neighbor_memory": "def f(x): return open('/proc/NEIGHBOR/mem', 'rb+').read(1)",
    "file": "def f(x): return open(ANSWERS).read()",
    "pathlib": "from pathlib import Path\ndef f(x): return Path(ANSWERS).read_text()",
    "folder": "import os\ndef f(x): return os.listdir(FOLDER)",
    "walk": "import glob\ndef f(x): return glob.glob(FOLDER + '/*')",
    "raw_open": _RAW + "def f(x): return os.read(C.open(ANSWERS.encode(), 0), 99)",
    "raw_openat": _RAW + "def f(x): return os.read(C.openat(-100, ANSWERS.encode(), 0), 99)",
    "open_from_inside": "import io, os\ndef f(x): return io.FileIO(ANSWERS).read()",
    "linecache": "import linecache\ndef f(x): return linecache.getlines(ANSWERS)",
    "import_file": "import sys\nsys.path.insert(0, FOLDER)\nimport answers\ndef f(x): return answers.right",
    "source_loader": (
        "from importlib.machinery import SourceFileLoader\n"
        "def f(x): return SourceFileLoader('a', ANSWERS).get_data(ANSWERS)"
    ),
    "database": (
        "import sqlite3\n"
        "def f(x): return sqlite3.connect(ANSWERS).execute('select * from sqlite_master').fetchall()"
    ),
    "exec_file": "def f(x): return exec(open(ANSWERS).read())",
    "write_answers": "def f(x): open(ANSWERS, 'w').write('x'); return 3 - 3",
    "remove_answers": "import os\ndef f(x): os.remove(ANSWERS)",
    "rename_answers": "import os\ndef f(x): os.rename(ANSWERS, ANSWERS + '2')",
    "link": "import os\ndef f(x): os.link(ANSWERS, 'here'); return open('here').read()",
    "symlink": "import os\ndef f(x): os.symlink(ANSWERS, 'here'); return open('here').read()",
    "many_files": "def f(x):\n    for n in range(10**6): open(FOLDER + f'/{n}', 'w').close()",
    "deep_folders": "import os\ndef f(x):\n    while True: os.mkdir(FOLDER + '/d'); os.chdir(FOLDER + '/d')",
    "temporary_file": "import tempfile\ndef f(x): return tempfile.mkdtemp()",
    "here": "def f(x): open('left.txt', 'w').write('x'); return 0",
    "fifo": "import os\ndef f(x): os.mkfifo(FOLDER + '/fifo')",
    "connect": "import socket\ndef f(x): socket.create_connection(('127.0.0.1', PORT)).send(b'x')",
    "runtime_api": (
        "import urllib.request\ndef f(x):\n"
        "    return urllib.request.urlopen('http://127.0.0.1:PORT/2018-06-01/runtime/invocation/next').read()"
    ),
    "http_client": (
        "import http.client\n"
        "def f(x): http.client.HTTPConnection('127.0.0.1', PORT).request('POST', '/', 'x')"
    ),
    "udp": (
        "import socket\ndef f(x):\n"
        "    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))"
    ),
    "unix_socket": "import socket\ndef f(x): socket.socket(socket.AF_UNIX).connect(SOCKET)",
    "abstract_socket": "import socket\ndef f(x): socket.socket(socket.AF_UNIX).connect('\\0' + SOCKET)",
    "pair_connects": "import socket\ndef f(x): socket.socketpair()[0].connect(SOCKET)",
    "pair_sends": (
        "import socket\ndef f(x): socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b'x', SOCKET)"
    ),
    "internet_pair": "import socket\ndef f(x): socket.socketpair(socket.AF_INET)",
    "netlink": "import socket\ndef f(x): socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    "name_lookup": "import socket\ndef f(x): return socket.gethostbyname('example.com')",
    "asyncio_connects": (
        "import asyncio\nasync def g(): await asyncio.open_connection('127.0.0.1', PORT)\n"
        "def f(x): asyncio.run(g())"
    ),
    "kill_host": "import os\ndef f(x): os.kill(HOST, 9)",
    "kill_parent": "import os\ndef f(x): os.kill(os.getppid(), 9)",
    "stop_parent": "import os\ndef f(x): os.kill(os.getppid(), 19)",
    "kill_all": "import os\ndef f(x): os.kill(-1, 9)",
    "kill_group": "import os\ndef f(x): os.killpg(0, 9)",
    "kill_neighbor": "import os\ndef f(x): os.kill(NEIGHBOR, 9)",
    "signal_by_file": """
import fcntl, os, signal
def f(x):
    read, write = os.pipe()
    fcntl.fcntl(read, 10, 9)
    fcntl.fcntl(read, fcntl.F_SETOWN, HOST)
    fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC)
    os.write(write, b'x')
""",
    "fork": "import os\ndef f(x):\n    if os.fork() == 0:\n        while True: pass\n    return 0",
    "fork_bomb": (
        "import os\ndef f(x):\n    while True:\n        try: os.fork()\n        except OSError: pass"
    ),
    "daemon": "import os\ndef f(x):\n    if os.fork(): return 0\n    os.setsid()\n    while True: pass",
    "spawn": "import os\ndef f(x): return os.posix_spawn('/bin/sh', ['sh'], {})",
    "subprocess": "import subprocess\ndef f(x): return subprocess.run(['id'], capture_output=True).stdout",
    "system": "import os\ndef f(x): return os.system('true') and 0",
    "exec": "import os\ndef f(x): os.execv('/bin/true', ['true'])",
    "multiprocessing": "import multiprocessing\ndef f(x): multiprocessing.Process(target=print).start()",
    "thread": "import threading\ndef f(x): threading.Thread(target=print).start()",
    "thread_bomb": (
        "import _thread, time\ndef f(x):\n    while True:\n"
        "        try: _thread.start_new_thread(time.sleep, (9,))\n"
        "        except RuntimeError: pass"
    ),
    "thread_pool": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def f(x): return ThreadPoolExecutor().submit(int).result()"
    ),
    "library": "import ctypes\ndef f(x): return str(ctypes.CDLL('libm.so.6'))",
    "jump_to_nowhere": "import ctypes\ndef f(x): return ctypes.CFUNCTYPE(ctypes.c_int)(8)()",
    "write_to_nowhere": "import ctypes\ndef f(x): ctypes.memset(64, 0, 8)",
    "foreign_architecture": _RAW + "def f(x): return C.syscall(0x40000000 + 39)",
    "loop": "def f(x):\n    while True: pass",
    "loop_in_module": "while True: pass",
    "stubborn_loop": """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
def f(x):
    while True:
        try:
            while True: pass
        except BaseException: pass
""",
    "own_alarm": "import signal\ndef f(x): signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()",
    "sleep": "import time\ndef f(x): time.sleep(60)",
    "short_sleeps": "import time\ndef f(x):\n    while True: time.sleep(0.001)",
    "wait_for_input": "import sys\ndef f(x):\n    while True: sys.stdin.read()",
    "wait_for_lock": (
        "import threading\ndef f(x):\n    lock = threading.Lock(); lock.acquire(); lock.acquire()"
    ),
    "raise_limits": (
        "import resource\ndef f(x):\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))\n    return len([0] * 10**9)"
    ),
    "memory": "def f(x): return len([0] * 10**9)",
    "memory_bytes": "def f(x): return len(bytes(10**10))",
    "memory_map": "import mmap\ndef f(x): return len(mmap.mmap(-1, 10**10))",
    "memory_slowly": "def f(x):\n    kept = []\n    while True: kept.append(bytearray(10**6))",
    "memory_in_pipes": (
        "import os\ndef f(x):\n    while True:\n        r, w = os.pipe(); os.set_blocking(w, False)\n"
        "        while os.write(w, bytes(4096)): pass"
    ),
    "big_integer": "def f(x): return 10 ** 10 ** 9",
    "long_text": "def f(x): return 'x' * 10**11",
    "regex": "import re\ndef f(x): return re.match('(a+)+$', 'a' * 40 + 'b')",
    "flood": "def f(x):\n    while True: print('x' * 1000)",
    "flood_errors": (
        "import sys\ndef f(x):\n    for n in range(20000): sys.stderr.write('x' * 1000)\n    return 0"
    ),
    "flood_raw": "import os\ndef f(x):\n    while True: os.write(1, b'x' * 65536)",
    "sparse_output": "import os\ndef f(x): os.lseek(1, 10**12, 0); os.write(1, b'x'); return 0",
    "output_file_grows": "import os\ndef f(x): os.ftruncate(1, 10**12); return 0",
    "input_file_grows": "import os\ndef f(x):\n    while True: os.write(0, b'x' * 65536)",
    "recursion": "def f(x): return f(x)",
    "deep_recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x)",
    "deep_c_recursion": (
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __repr__(self): return repr([self])\n"
        "def f(x): return repr(A())"
    ),
    "deep_source": "def f(x): return eval('(' * 100000 + ')' * 100000)",
    "deep_unary": "def f(x): return eval('-' * 1000000 + '1')",
    "deep_value": "def f(x):\n    value = []\n    for n in range(10**6): value = [value]\n    return value",
    "deep_json": "import json\ndef f(x): return json.loads('[' * 200000)",
    "own_list": "def f(x):\n    value = []\n    value.append(value)\n    return value",
    "bytecode": (
        "def f(x): return 0\n"
        "f.__code__ = f.__code__.replace(co_code=bytes(range(2, 250, 2)) * 9, co_stacksize=1)"
    ),
    "patched_len": "import builtins\nbuiltins.len = lambda x: 3\ndef f(x): return 0",
    "patched_all": (
        "import builtins\n"
        "for name in ('len', 'isinstance', 'type', 'repr', 'tuple', 'abs', 'min', 'hex', 'getattr'):\n"
        "    setattr(builtins, name, lambda *a, **k: 3)\ndef f(x): return 0"
    ),
    "patched_json": (
        'import json\njson.dumps = lambda *a, **k: \'{"tuple": ["done", 0, "", ""]}\'\ndef f(x): return 0'
    ),
    "patched_write": (
        "import os\nreal = os.write\nos.write = lambda d, b: real(d, bytes(b)[:1])\ndef f(x): return 0"
    ),
    "patched_exit": "import os\nos._exit = print\ndef f(x): raise SystemExit",
    "patched_stdout": "import sys\nsys.stdout = None\ndef f(x): return 0",
    "closed_stdout": "import sys\nsys.stdout.close()\ndef f(x): return 0",
    "trace": "import sys\nsys.settrace(lambda *a: print('x'))\ndef f(x): return 0",
    "audit_hook": (
        "import sys\nsys.addaudithook(lambda *a: (_ for _ in ()).throw(ValueError))\ndef f(x): return 0"
    ),
    "except_hook": (
        "import sys\nsys.excepthook = sys.unraisablehook = lambda *a: print('3')\ndef f(x): raise ValueError"
    ),
    "import_hook": "import sys\nsys.meta_path.clear()\nsys.modules.clear()\ndef f(x): return 0",
    "error_that_lies": (
        "class E(Exception):\n    def __str__(self): raise E\n"
        "    __repr__ = __str__\nE.__name__ = 'x' * 10**6\n"
        "def f(x): raise E"
    ),
    "error_without_end": "def f(x): raise ValueError('x' * 10**7)",
    "name_of_any_kind": "class E(Exception): pass\nE.__name__ = '\\x1b[2J\\n3'\ndef f(x): raise E",
    "late_destructor": "class E:\n    def __del__(self): print('3')\nkept = E()\ndef f(x): return 0",
    "forged_early": (
        'import os, struct\nanswer = b\'{"tuple": ["done", 3, "", ""]}\'\n'
        "for file in range(64):\n    try: os.write(file, struct.pack('!I', len(answer)) + answer)\n"
        "    except OSError: pass\ndef f(x): return 0"
    ),
    "forged_twice": (
        'import os, struct\nanswer = b\'{"tuple": ["done", 0, "", ""]}\'\n'
        "def f(x):\n    for n in range(9): os.write(3, struct.pack('!I', len(answer)) + answer)\n    return 3"
    ),
    "forged_score": (
        'import os, struct\ndef f(x):\n    answer = b\'{"tuple": ["paid", 1.0, "", ""]}\'\n'
        "    os.write(3, struct.pack('!I', len(answer)) + answer)"
    ),
    "forged_question": (
        'import os, struct\ndef f(x):\n    answer = b\'{"tuple": ["ask", "expected", [], {"dict": []}]}\'\n'
        "    os.write(3, struct.pack('!I', len(answer)) + answer); return os.read(3, 999)"
    ),
    "forged_length": "import os\ndef f(x): os.write(3, b'\\xff\\xff\\xff\\xff' + b'[' * 9)",
    "forged_rubbish": "import os\ndef f(x): os.write(3, b'\\0\\0\\0\\4rubb')",
    "forged_depth": "import os\ndef f(x): os.write(3, b'\\0\\0\\x10\\0' + b'[' * 4096)",
    "forged_slowly": "import os, time\ndef f(x):\n    while True: os.write(3, b'\\0'); time.sleep(0.01)",
    "steals_requests": "import os\nos.set_blocking(3, True)\ndef f(x): return os.read(3, 999)",
    "closes_all": "import os\nos.closerange(0, 64)\ndef f(x): return 0",
    "closes_connection": "import os\nos.close(3)\ndef f(x):\n    pass",
    "output_as_connection": "import os\nos.dup2(1, 3)\ndef f(x): return 3",
    "many_descriptors": "import os\nkept = []\nwhile True: kept.append(os.dup(0))",
    "one_hash": "def f(x): return {n * (2**61 - 1) for n in range(3000)}",
    "long_answer": "def f(x): return [0] * 10**6",
    "deep_answer": "def f(x):\n    value = 3\n    for n in range(99): value = (value,)\n    return value",
    "control_characters": "def f(x): raise ValueError('\\x1b[2J\\x07 CAN' + '\\u202e')",
    **{f"call_{name}": f"{_RAW}def f(x): return C.syscall({call})" for name, call in _CALLS.items()},
}
"""The attacks by name. Each runs when its module is imported, or in `f(1)`."""
