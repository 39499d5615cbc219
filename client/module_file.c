/* The dynamic linker maps a file's segments as its header announces them, and dies by SIGBUS when
 * it touches pages behind the file's end. A file that is being copied into place looks like that
 * for a moment; so the announced ends are compared with the size first. */
#include "client/module_file.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool check_size(int fd, struct error *err);
static uint64_t announced_size(int fd, const ElfW(Ehdr) * head);

bool
module_file_check(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok;

    if (fd < 0)
        return true; /* dlopen has words for it, here and below */
    ok = check_size(fd, err);
    close(fd);
    return ok;
}

static bool
check_size(int fd, struct error *err)
{
    ElfW(Ehdr) head;
    struct stat st;

    if (fstat(fd, &st) != 0 || pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return true;
    if (announced_size(fd, &head) > (uint64_t)st.st_size)
        return error_set(err, ERROR_CONFIG, "file cut short at %lld bytes", (long long)st.st_size);
    return true;
}

/* UINT64_MAX if the table of segments itself is not there. */
static uint64_t
announced_size(int fd, const ElfW(Ehdr) * head)
{
    uint64_t end, largest = 0;

    for (unsigned i = 0; i < head->e_phnum; i++) {
        ElfW(Phdr) segment;
        off_t at = (off_t)(head->e_phoff + (uint64_t)i * sizeof segment);
        if (pread(fd, &segment, sizeof segment, at) != (ssize_t)sizeof segment ||
            __builtin_add_overflow(segment.p_offset, segment.p_filesz, &end))
            return UINT64_MAX;
        if (segment.p_type == PT_LOAD && end > largest)
            largest = end;
    }
    return largest;
}
