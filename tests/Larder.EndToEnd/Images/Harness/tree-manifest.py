"""Prints one line of JSON for every path below a directory: what it is, without following links and without text encodings."""
import hashlib
import json
import os
import stat
import sys


def shown(value):
    return value.decode("utf-8", "backslashreplace").encode("unicode_escape").decode("ascii") + "|" + value.hex()


def digest(path):
    content = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while True:
            block = file.read(1 << 20)
            if not block:
                return content.hexdigest()
            content.update(block)


def xattrs(path):
    names = sorted(os.fsencode(name) for name in os.listxattr(path, follow_symlinks=False))
    return {shown(name): os.getxattr(path, name, follow_symlinks=False).hex() for name in names}


def line(root, path, links):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    is_directory = stat.S_ISDIR(status.st_mode)
    name = path[len(root):]
    return {
        "path": shown(name),
        "mtime": str(status.st_mtime_ns),
        "rest": json.dumps(
            {
                "type": oct(kind),
                "mode": oct(stat.S_IMODE(status.st_mode)),
                "uid": status.st_uid,
                "gid": status.st_gid,
                "size": 0 if is_directory else status.st_size,
                "nlink": 0 if is_directory else status.st_nlink,
                "group": "" if is_directory else shown(links.setdefault(status.st_ino, name)),
                "rdev": status.st_rdev if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode) else 0,
                "target": shown(os.readlink(path)) if stat.S_ISLNK(status.st_mode) else "",
                "sha256": digest(path) if stat.S_ISREG(status.st_mode) else "",
                "xattrs": xattrs(path),
            },
            sort_keys=True,
        ),
    }


def main(root):
    links = {}
    pending = [root]
    while pending:
        path = pending.pop()
        print(json.dumps(line(root, path, links)))
        if stat.S_ISDIR(os.lstat(path).st_mode):
            pending.extend(os.path.join(path, name) for name in sorted(os.listdir(path), reverse=True))


main(os.fsencode(sys.argv[1].rstrip("/")))
