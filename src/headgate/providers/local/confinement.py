"""What a worker may take."""

import math
import resource

NICE = 10
"""How far workers stand back for the server: they have to be faster than sound is played, and are so by far."""

HEARING = 5.0
"""Seconds of the processor for one of sound that is heard; a slow machine needs a half."""

NO_MEMORY = 77
"""The status of a worker that ended for want of memory."""

NO_PROCESS = 78
"""The same of one that never was."""

MEGABYTE = 1 << 20
MEMORY = 512 * MEGABYTE
"""Beside what its nursery has loaded, which is shared. Hearing an utterance of half a minute takes 60."""


def confine(processor: float, *, opens: bool, most: float = 0.0) -> None:
    """
    From here on: no more memory than that, and no more seconds of the processor; no file written.
    `most` is how many seconds it may ever be allowed.

    Without `opens` nothing is opened either, neither file nor socket: whoever should come to command a decoder
    by a forged file finds neither the disk nor the network.
    """
    memory = _size() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    seconds = max(1, round(max(processor, most)))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    allow(processor)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not opens:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def allow(processor: float) -> None:
    """So many more seconds of the processor, from now on."""
    used, (_, most) = resource.getrusage(resource.RUSAGE_SELF), resource.getrlimit(resource.RLIMIT_CPU)
    seconds = math.ceil(used.ru_utime + used.ru_stime + processor)
    resource.setrlimit(resource.RLIMIT_CPU, (min(seconds, most - 1), most))


def _size() -> int:
    """Bytes of this process's address space."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 2048 * MEGABYTE
