/*
 * Recording a failure.  Nothing here can fail: a message that cannot be
 * formatted or is too long is cut, and what could move a cursor or hide text
 * becomes '?', so that it stays one line and reads as it is.
 */

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>

#include <valise/err.h>
#include <valise/text.h>

#define TEXT_SIZE sizeof(((struct vl_err *)0)->text)

/* Where to cut `text` at or before `n` without splitting a UTF-8 character. */
static size_t
cut_at(const char *text, size_t n)
{
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Append as much of `more` as fits, with "..." where it is cut. */
static void
append(char text[TEXT_SIZE], size_t at, const char *more)
{
	static const char dots[] = "...";
	size_t n = strlen(more);

	if (n < TEXT_SIZE - at) {
		memcpy(text + at, more, n + 1);
		return;
	}
	memcpy(text + at, more, TEXT_SIZE - at);
	at = cut_at(text, TEXT_SIZE - sizeof(dots));
	memcpy(text + at, dots, sizeof(dots));
}

static void __attribute__((format(printf, 2, 0)))
format_line(char text[TEXT_SIZE], const char *format, va_list args)
{
	static const char dots[] = "...";
	int n = vsnprintf(text, TEXT_SIZE, format, args);
	size_t i = 0;

	if (n < 0) {
		text[0] = '\0';
		append(text, 0, format);
	} else if ((size_t)n >= TEXT_SIZE) {
		i = cut_at(text, TEXT_SIZE - sizeof(dots));
		memcpy(text + i, dots, sizeof(dots));
	}
	vl_tame(text);
}

enum vl_status
vl_fail(struct vl_err *err, enum vl_status status, const char *format, ...)
{
	char text[TEXT_SIZE];
	int saved = errno;
	va_list args;

	/* By way of `text`: an argument may point into *err. */
	va_start(args, format);
	format_line(text, format, args);
	va_end(args);
	if (err != NULL) {
		err->status = status;
		memcpy(err->text, text, sizeof(text));
	}
	errno = saved;
	return status;
}

enum vl_status
vl_fail_errno(struct vl_err *err, const char *format, ...)
{
	char text[TEXT_SIZE];
	char reason[128];
	int saved = errno;
	va_list args;

	va_start(args, format);
	format_line(text, format, args);
	va_end(args);
	append(text, strlen(text), ": ");
	append(text, strlen(text), strerror_r(saved, reason, sizeof(reason)));
	if (err != NULL) {
		err->status = VL_EIO;
		memcpy(err->text, text, sizeof(text));
	}
	errno = saved;
	return VL_EIO;
}

enum vl_status
vl_within(struct vl_err *err, const char *format, ...)
{
	char text[TEXT_SIZE];
	int saved = errno;
	va_list args;

	if (err == NULL)
		return VL_EIO;
	va_start(args, format);
	format_line(text, format, args);
	va_end(args);
	append(text, strlen(text), ": ");
	append(text, strlen(text), err->text);
	memcpy(err->text, text, sizeof(text));
	errno = saved;
	return err->status;
}

enum vl_status
vl_fail_memory(struct vl_err *err)
{
	return vl_fail(err, VL_EIO, "out of memory");
}
