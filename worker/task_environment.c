/* The environment of tasks. It is inherited by every program that a task starts, so no password
 * goes into it: one that stood in the URL is put into an anonymous file that only this process can
 * open. */
#include "worker/task_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "broker/url.h"
#include "common/mem.h"

/* Without ":password"; what is before the '@' cannot hold another '@', nor a '/'. */
static char *
without_password(const char *url)
{
    const char *rest = strstr(url, "://") + strlen("://");
    const size_t authority = strcspn(rest, "/?#");
    const char *at = memrchr(rest, '@', authority);
    const char *colon = at != NULL ? memchr(rest, ':', (size_t)(at - rest)) : NULL;

    if (colon == NULL)
        return mem_text(url);
    return mem_printf("%.*s%s", (int)(colon - url), url, at);
}

/* Its descriptor stays open, but not across exec. */
static bool
hide_password(const char *password, char *path, size_t size, struct error *err)
{
    const int fd = memfd_create("celeriac password", MFD_CLOEXEC);
    const size_t len = strlen(password);

    if (fd < 0 || write(fd, password, len) != (ssize_t)len)
        return error_set_errno(err, ERROR_UNAVAILABLE, "cannot keep the password for tasks");
    (void)snprintf(path, size, "/proc/self/fd/%d", fd);
    return true;
}

bool
task_environment_set(const struct broker_settings *broker, struct error *err)
{
    struct broker_url parts;
    char hidden[64] = "";

    if (!url_parse(&parts, broker->url, err))
        return false;
    const char *file = broker->password_file != NULL ? broker->password_file : "";
    const bool is_hidden = parts.password != NULL && file[0] == '\0';
    bool is_done = !is_hidden || hide_password(parts.password, hidden, sizeof(hidden), err);
    url_clear(&parts);
    if (!is_done)
        return false;
    char *url = without_password(broker->url != NULL ? broker->url : URL_DEFAULT);
    is_done =
        setenv("CELERIAC_BROKER", url, 1) == 0 &&
        setenv("CELERIAC_PASSWORD_FILE", is_hidden ? hidden : file, 1) == 0 &&
        (broker->namespace == NULL || setenv("CELERIAC_NAMESPACE", broker->namespace, 1) == 0);
    free(url);
    return is_done ||
           error_set_errno(err, ERROR_UNAVAILABLE, "cannot set the environment of tasks");
}
