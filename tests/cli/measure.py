"""Runs a command and says whether it kept to a second of processor time and to 200 MB of memory.

usage: measure.py COMMAND ARGUMENT...
Processor time, since other tests run at the same time.
"""
import resource
import subprocess
import sys

subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1000
print("within 1 s and 200 MB" if seconds <= 1 and megabytes <= 200 else f"took {seconds} s and {megabytes} MB")
