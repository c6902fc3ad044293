/*
 * Messages between a child and its parent over a stream socket.  The parent's
 * end has a time-out (cage.c): whenever it passes, or a signal comes, whoever
 * waits asks whether he is to stop.
 */

#include "private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEAD_SIZE 8

static enum vl_status
gone(struct vl_err *err)
{
	return vl_fail(err, VL_EIO, "the other side of a channel is gone");
}

/* The kernel gave nothing, and there may be something yet. */
static bool
goes_on(ssize_t n, const struct cage_wait *wait)
{
	return n < 0 && (errno == EINTR || errno == EAGAIN) &&
	    (wait == NULL || !wait->stop(wait->arg));
}

static enum vl_status
send_all(int channel, struct vl_slice bytes, const struct cage_wait *wait,
    struct vl_err *err)
{
	ssize_t n = 0;

	while (bytes.n > 0) {
		n = send(channel, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (goes_on(n, wait))
			continue;
		if (n <= 0)
			return gone(err);
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return VL_OK;
}

enum vl_status
cage_put(int channel, const struct vl_cage_message *m, struct vl_slice body,
    const struct cage_wait *wait, struct vl_err *err)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	uint8_t head[HEAD_SIZE];
	struct iovec part = { head, sizeof(head) };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n = 0;

	if (body.n > UINT32_MAX)
		return vl_fail(err, VL_ELIMIT, "a message is too long");
	vl_put_u32le(head, m->kind);
	vl_put_u32le(head + 4, (uint32_t)body.n);
	if (m->fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &m->fd, sizeof(int));
	}
	do
		n = sendmsg(channel, &msg, MSG_NOSIGNAL);
	while (goes_on(n, wait));
	if (n <= 0)
		return gone(err);
	/* So few bytes are taken in one piece or not at all, but for a socket
	 * that was full. */
	if (send_all(channel,
	        (struct vl_slice){ head + n, sizeof(head) - (size_t)n }, wait,
	        err) != VL_OK)
		return VL_EIO;
	return send_all(channel, body, wait, err);
}

enum vl_status
cage_body(int channel, uint8_t *p, size_t n, const struct cage_wait *wait,
    struct vl_err *err)
{
	ssize_t got = 0;

	while (n > 0) {
		got = recv(channel, p, n, 0);
		if (goes_on(got, wait))
			continue;
		if (got <= 0)
			return gone(err);
		p += got;
		n -= (size_t)got;
	}
	return VL_OK;
}

/* The descriptor that came along, or -1. */
static int
passed(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

enum vl_status
cage_take(int channel, struct vl_cage_message *m, const struct cage_wait *wait,
    struct vl_err *err)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	uint8_t head[HEAD_SIZE] = { 0 };
	struct iovec part = { head, sizeof(head) };
	struct msghdr msg = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		/* Of one: padding would have room for a second. */
		.msg_controllen = CMSG_LEN(sizeof(int)) };
	struct vl_rd rd = { .rest = { head, sizeof(head) } };
	ssize_t n = 0;

	*m = (struct vl_cage_message){ .fd = -1 };
	do
		n = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC);
	while (goes_on(n, wait));
	if (n <= 0)
		return gone(err);
	m->fd = passed(&msg);
	if (cage_body(channel, head + n, sizeof(head) - (size_t)n, wait, err) !=
	    VL_OK) {
		if (m->fd >= 0)
			(void)close(m->fd);
		m->fd = -1;
		return VL_EIO;
	}
	m->kind = vl_rd_u32le(&rd);
	m->n = vl_rd_u32le(&rd);
	return VL_OK;
}

enum vl_status
vl_cage_put(int channel, const struct vl_cage_message *m, struct vl_slice body,
    struct vl_err *err)
{
	return cage_put(channel, m, body, NULL, err);
}

enum vl_status
vl_cage_take(int channel, struct vl_cage_message *m, struct vl_err *err)
{
	return cage_take(channel, m, NULL, err);
}

enum vl_status
vl_cage_body(int channel, uint8_t *p, size_t n, struct vl_err *err)
{
	return cage_body(channel, p, n, NULL, err);
}
