#ifndef CAGE_PRIVATE_H
#define CAGE_PRIVATE_H

/*
 * What the files of this room share.
 *
 *	cage.c      the child's beginning and end
 *	channel.c   messages between both
 *	lock.c      rights, limits, Landlock
 *	filter.c    the list of system calls
 *	trial.c     attempts to get out
 */

#include <valise/cage.h>

/* A sanitizer makes calls of its own, and takes memory as it likes. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAGE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||     \
    __has_feature(memory_sanitizer)
#define CAGE_SANITIZED 1
#endif
#endif
#ifndef CAGE_SANITIZED
#define CAGE_SANITIZED 0
#endif

struct cage_limits {
	size_t private;
	unsigned seconds;
};

/* channel.c: as vl_cage_put() and so on, of who asks meanwhile whether to stop;
 * then they fail as where nobody is on the other side. */
struct cage_wait {
	bool (*stop)(void *arg);
	void *arg;
};
enum vl_status cage_put(int channel, const struct vl_cage_message *m,
    struct vl_slice body, const struct cage_wait *wait, struct vl_err *err);
enum vl_status cage_take(int channel, struct vl_cage_message *m,
    const struct cage_wait *wait, struct vl_err *err);
enum vl_status cage_body(int channel, uint8_t *p, size_t n,
    const struct cage_wait *wait, struct vl_err *err);

/* lock.c: all but the system calls, for good. */
bool cage_lock(const struct cage_limits *limits);
/* Every descriptor but those in `keep`, ascending; 0 to 2 lead nowhere. */
bool cage_close_others(const int *keep, size_t n);
int cage_landlock_abi(void);

/* filter.c */
bool cage_can_filter(void);

#endif
