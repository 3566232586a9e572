// SPDX-License-Identifier: ISC
/*
 * libgsasl, loaded when it is first called or asked for. It and the libraries that it
 * brings are a fifth of a process' start and memory: so the programs are not linked with
 * it, and its functions that are used here are defined below to hand each call on. The
 * library stays loaded. Where it cannot be loaded, gsasl_init and gsasl_saslprep fail as
 * they do without memory, and auth_gsasl_available tells which it was; the others are of
 * no use before those.
 */
#include "auth/gsasl_on_demand.h"

#include <dlfcn.h>
#include <gsasl.h>
#include <stddef.h>

static const char LIBRARY[] = "libgsasl.so.18";

static bool settled;

static void *
find(const char *name)
{
	static void *library;

	if (!library && !settled)
		library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	return library ? dlsym(library, name) : NULL;
}

bool
auth_gsasl_available(void)
{
	return find("gsasl_init") != NULL;
}

void
auth_gsasl_settle(void)
{
	auth_gsasl_available();
	settled = true;
}

int
gsasl_init(Gsasl **ctx)
{
	__typeof__(gsasl_init) *f = find("gsasl_init");

	return f ? f(ctx) : GSASL_MALLOC_ERROR;
}

void
gsasl_done(Gsasl *ctx)
{
	__typeof__(gsasl_done) *f = find("gsasl_done");

	if (f)
		f(ctx);
}

void
gsasl_callback_set(Gsasl *ctx, Gsasl_callback_function cb)
{
	__typeof__(gsasl_callback_set) *f = find("gsasl_callback_set");

	if (f)
		f(ctx, cb);
}

void
gsasl_callback_hook_set(Gsasl *ctx, void *hook)
{
	__typeof__(gsasl_callback_hook_set) *f = find("gsasl_callback_hook_set");

	if (f)
		f(ctx, hook);
}

void *
gsasl_callback_hook_get(Gsasl *ctx)
{
	__typeof__(gsasl_callback_hook_get) *f = find("gsasl_callback_hook_get");

	return f ? f(ctx) : NULL;
}

int
gsasl_client_start(Gsasl *ctx, const char *mech, Gsasl_session **sctx)
{
	__typeof__(gsasl_client_start) *f = find("gsasl_client_start");

	return f ? f(ctx, mech, sctx) : GSASL_MALLOC_ERROR;
}

int
gsasl_server_start(Gsasl *ctx, const char *mech, Gsasl_session **sctx)
{
	__typeof__(gsasl_server_start) *f = find("gsasl_server_start");

	return f ? f(ctx, mech, sctx) : GSASL_MALLOC_ERROR;
}

int
gsasl_step(Gsasl_session *sctx, const char *input, size_t input_len, char **output,
	size_t *output_len)
{
	__typeof__(gsasl_step) *f = find("gsasl_step");

	return f ? f(sctx, input, input_len, output, output_len) : GSASL_MALLOC_ERROR;
}

int
gsasl_step64(Gsasl_session *sctx, const char *b64input, char **b64output)
{
	__typeof__(gsasl_step64) *f = find("gsasl_step64");

	return f ? f(sctx, b64input, b64output) : GSASL_MALLOC_ERROR;
}

void
gsasl_finish(Gsasl_session *sctx)
{
	__typeof__(gsasl_finish) *f = find("gsasl_finish");

	if (f)
		f(sctx);
}

int
gsasl_property_set(Gsasl_session *sctx, Gsasl_property prop, const char *data)
{
	__typeof__(gsasl_property_set) *f = find("gsasl_property_set");

	return f ? f(sctx, prop, data) : GSASL_MALLOC_ERROR;
}

void
gsasl_property_free(Gsasl_session *sctx, Gsasl_property prop)
{
	__typeof__(gsasl_property_free) *f = find("gsasl_property_free");

	if (f)
		f(sctx, prop);
}

const char *
gsasl_property_fast(Gsasl_session *sctx, Gsasl_property prop)
{
	__typeof__(gsasl_property_fast) *f = find("gsasl_property_fast");

	return f ? f(sctx, prop) : NULL;
}

int
gsasl_saslprep(const char *in, Gsasl_saslprep_flags flags, char **out, int *stringpreprc)
{
	__typeof__(gsasl_saslprep) *f = find("gsasl_saslprep");

	return f ? f(in, flags, out, stringpreprc) : GSASL_MALLOC_ERROR;
}

const char *
gsasl_strerror(int err)
{
	__typeof__(gsasl_strerror) *f = find("gsasl_strerror");

	return f ? f(err) : "libgsasl cannot be loaded";
}

void
gsasl_free(void *ptr)
{
	__typeof__(gsasl_free) *f = find("gsasl_free");

	if (f)
		f(ptr);
}
