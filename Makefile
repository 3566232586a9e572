# SPDX-License-Identifier: ISC
# Postern: `make help` says what can be made.

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/postern
PORT ?= 12345
FUZZ_SECONDS ?= 60

# VARIANT: empty for shared libraries; static, where GnuTLS and what it stands on are part
# of the programs; asan (ASan and UBSan), cover, or fuzz.
VARIANT ?=
B := build$(if $(VARIANT),/$(VARIANT))
# Compiled the same, static is only linked otherwise.
O := $(B:%/static=%)

CC ?= cc
PKG_CONFIG ?= pkg-config
LIBS := gnutls libsystemd libgsasl inih libmagic libedit tinfo

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wformat=2 -Wpointer-arith -Wwrite-strings -Wundef -Wimplicit-fallthrough \
	$(if $(WERROR),-Werror)
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(filter x86_64 i%86,$(shell uname -m)),-fcf-protection)
CFLAGS ?= -O2 -g
FORTIFY := -D_FORTIFY_SOURCE=2
LDHARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
ifeq ($(VARIANT),asan)
CFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
FORTIFY :=
LDHARDEN := -pie -fsanitize=address,undefined -Wl,--as-needed
else ifeq ($(VARIANT),cover)
CFLAGS := -O0 -g --coverage -fprofile-abs-path
FORTIFY :=
LDHARDEN := -pie --coverage -Wl,--as-needed,--wrap=_exit tests/cover.c
else ifeq ($(VARIANT),static)
GNUTLS_STATIC := hogweed nettle gmp tasn1 idn2 unistring
else ifeq ($(VARIANT),fuzz)
CC := clang
CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FORTIFY :=
LDHARDEN := -pie -fsanitize=fuzzer,address,undefined
endif

# Asked for when a rule needs them, so that `make demo` can install the libraries first.
LIB_CFLAGS = $(eval LIB_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(LIBS)))$(LIB_CFLAGS)
ifdef GNUTLS_STATIC
LIB_LIBS := -Wl,-Bstatic $(GNUTLS_STATIC:%=-l%) -linih -Wl,-Bdynamic -lmagic -ledit \
	-ltinfo -lresolv
STATIC_PARTS := $(B)/no_pkcs11.o $(B)/libgnutls.a
else
LIB_LIBS = $(eval LIB_LIBS := $$(shell $(PKG_CONFIG) --libs $(LIBS)) \
	-lresolv)$(LIB_LIBS)
endif
CMOCKA_LIBS = $(shell $(PKG_CONFIG) --libs cmocka)

ALL_CPPFLAGS = -D_GNU_SOURCE -DPOSTERN_VERSION='"$(VERSION)"' \
	-DPOSTERN_SYSCONFDIR='"$(SYSCONFDIR)"' $(FORTIFY) -Isrc -I$(O)/generated \
	$(LIB_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu17 $(CFLAGS) $(HARDEN) $(WARN)
ALL_LDFLAGS = $(LDHARDEN) $(LDFLAGS)

# A room is a folder; the four programs' rooms hold their main.c.
ROOMS := base smtp pki config auth spool host tls smtpd client keys ctl
PROGRAMS := postern-smtpd postern postern-keys posternctl
MAINS := src/smtpd/main.c src/client/main.c src/keys/main.c src/ctl/main.c
SOURCES := $(filter-out $(MAINS),$(wildcard $(ROOMS:%=src/%/*.c)))
OBJECTS := $(SOURCES:src/%.c=$(O)/obj/%.o)
LIBRARY := $(O)/libpostern.a
MAN := $(wildcard src/*/*.[1578])

UNITS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
FUZZERS := $(filter-out replay,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
REPLAYS := $(FUZZERS:%=$(B)/replay/%)

.DEFAULT_GOAL := all
.PHONY: all units replays fuzzers help demo run check capture bench growth lint fuzz \
	coverage install uninstall clean
.SECONDARY:

all: $(PROGRAMS:%=$(B)/bin/%)

$(B)/bin/postern-smtpd: $(O)/obj/smtpd/main.o
$(B)/bin/postern: $(O)/obj/client/main.o
$(B)/bin/postern-keys: $(O)/obj/keys/main.o
$(B)/bin/posternctl: $(O)/obj/ctl/main.o
$(B)/bin/%: $(STATIC_PARTS) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) \
		$(filter %gnutls.a,$^) $(LIB_LIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

# The system call filters are compiled by libseccomp, once and here.
FILTERS := $(O)/generated/host/filters.h
$(O)/obj/host/filter.o: $(FILTERS)
$(FILTERS): src/host/filters/generate.c src/host/filters/resident.h Makefile
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE -O1 $(WARN) -o $(@D)/generate $< \
		$$($(PKG_CONFIG) --cflags --libs libseccomp)
	$(@D)/generate >$@.new
	mv $@.new $@

$(O)/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/no_pkcs11.o: contrib/static/no_pkcs11.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# It brings an inih of its own, which ours is kept apart from.
$(B)/libgnutls.a: Makefile
	@mkdir -p $(@D)
	objcopy --redefine-sym ini_parse_file=gnutls_ini_parse_file \
		$$($(CC) -print-file-name=libgnutls.a) $@

$(B)/unit/%: tests/unit/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Itests/unit $(ALL_CFLAGS) -MMD -MP -MT $@ -MF $@.d \
		$(ALL_LDFLAGS) -o $@ $< $(LIBRARY) $(LIB_LIBS) $(CMOCKA_LIBS)

$(B)/replay/%: tests/fuzz/%.c tests/fuzz/replay.c $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ \
		tests/fuzz/$*.c tests/fuzz/replay.c $(LIBRARY) $(LIB_LIBS)

# With VARIANT=fuzz.
$(B)/fuzz/%: tests/fuzz/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIBRARY) $(LIB_LIBS)

-include $(wildcard $(O)/obj/*/*.d $(B)/unit/*.d)

units: $(UNITS)
replays: $(REPLAYS)
fuzzers: $(FUZZERS:%=$(B)/fuzz/%)

QUIETLY = --no-print-directory -s \
	$(if $(findstring --jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

# What people call. Whatever needs packages asks for them before make looks for anything
# else, which is why the building is left to a second make.

define HELP
make                 builds the four programs into build/bin/
make demo            keys, a server, a client that enrols, logs in and sends
make run [PORT=N]    the same server in the foreground (port $(PORT))
make check           every test; ends with N passed, N failed, N skipped
make capture         a TLS session and the same in the clear, as tshark sees them
make bench           speed and memory of this build, beside Postfix
make growth          how its cost grows, with a plot in build/bench/
make lint            formatting, warnings, analysers, the rules of the rooms
make fuzz            every fuzz target for FUZZ_SECONDS ($(FUZZ_SECONDS)) seconds
make coverage        the lines that the tests reach
make install         into DESTDIR, PREFIX ($(PREFIX)) and $(SYSCONFDIR)/postern
make uninstall       takes the same away, but no configuration, keys or mail
make clean           removes build/
VARIANT=static       programs that hold GnuTLS themselves, in build/static/
VARIANT=asan|cover   another build of programs and tests, in build/VARIANT/
endef

help:
	$(info $(HELP))@:

demo run capture bench growth:
	@contrib/packages $(if $(filter growth,$@),bench,$@)
	@echo 'building into $(B)/'
	@$(MAKE) $(QUIETLY) all
	$(if $(filter bench,$@),@$(MAKE) $(QUIETLY) VARIANT=static all)
	@exec env POSTERN_BIN=$(B)/bin \
		$(if $(filter bench,$@),tests/bench/run,$(if $(filter growth,$@),\
		tests/bench/growth,contrib/demo/$@ $(if $(filter run,$@),$(PORT))))

check:
	@contrib/packages check
	@tests/run

lint:
	@contrib/packages lint
	@tests/lint/run

fuzz:
	@contrib/packages fuzz
	@$(MAKE) $(QUIETLY) VARIANT=fuzz fuzzers
	@failed=0; for name in $(FUZZERS); do \
		mkdir -p build/fuzz/corpus/$$name && \
		echo "fuzz $$name for $(FUZZ_SECONDS) s" && \
		build/fuzz/fuzz/$$name -max_total_time=$(FUZZ_SECONDS) \
			-print_final_stats=1 -verbosity=0 \
			-artifact_prefix=build/fuzz/$$name- \
			build/fuzz/corpus/$$name tests/fuzz/corpus/$$name || failed=1; \
	done; exit $$failed

coverage:
	@contrib/packages coverage
	@tests/run --coverage

# Programs for everybody go to bin, the administrator's and the server to sbin.
BINS := postern postern-keys
SBINS := postern-smtpd posternctl
SOCKETS := postern postern-submission
UNITS_OF_SYSTEMD := $(SOCKETS:%=%.socket) $(SOCKETS:%=%@.service) \
	postern-resident.socket postern-resident-submission.socket \
	postern-resident.service
# Of the machine that it is built for, which may be told: 252 if nobody knows.
SYSTEMD_VERSION ?= $(or $(shell $(PKG_CONFIG) --modversion libsystemd 2>/dev/null | \
	sed 's/[^0-9].*//'),252)
D := $(DESTDIR)
PUT := install -m 0644 /dev/stdin
SUBSTITUTE = sed -e 's|@SBINDIR@|$(PREFIX)/sbin|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g'

install: all
	install -d $(D)$(PREFIX)/bin $(D)$(PREFIX)/sbin $(D)$(UNITDIR) \
		$(D)$(SYSUSERSDIR) $(D)$(TMPFILESDIR) $(D)$(SYSCONFDIR)/postern
	install -m 0755 $(BINS:%=$(B)/bin/%) $(D)$(PREFIX)/bin
	install -m 0755 $(SBINS:%=$(B)/bin/%) $(D)$(PREFIX)/sbin
	for page in $(MAN); do \
		install -D -m 0644 -t $(D)$(MANDIR)/man$${page##*.} $$page || exit 1; \
	done
	for unit in $(UNITS_OF_SYSTEMD); do \
		$(SUBSTITUTE) units/$$unit | $(PUT) $(D)$(UNITDIR)/$$unit || exit 1; \
	done
	test "$(SYSTEMD_VERSION)" -lt 255 || for name in $(SOCKETS); do \
		install -D -m 0644 units/poll-limit.conf \
			$(D)$(UNITDIR)/$$name.socket.d/poll-limit.conf || exit 1; \
	done
	install -D -m 0644 units/paranoid.conf $(D)$(DOCDIR)/paranoid.conf
	$(SUBSTITUTE) units/postern.sysusers | $(PUT) $(D)$(SYSUSERSDIR)/postern.conf
	$(SUBSTITUTE) units/postern.tmpfiles | $(PUT) $(D)$(TMPFILESDIR)/postern.conf
	test -e $(D)$(SYSCONFDIR)/postern/postern.conf || install -m 0644 \
		contrib/postern.conf $(D)$(SYSCONFDIR)/postern/postern.conf

uninstall:
	rm -f $(BINS:%=$(D)$(PREFIX)/bin/%) $(SBINS:%=$(D)$(PREFIX)/sbin/%)
	for page in $(MAN); do rm -f $(D)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	rm -f $(UNITS_OF_SYSTEMD:%=$(D)$(UNITDIR)/%) \
		$(D)$(SYSUSERSDIR)/postern.conf $(D)$(TMPFILESDIR)/postern.conf
	rm -rf $(SOCKETS:%=$(D)$(UNITDIR)/%.socket.d) $(D)$(DOCDIR)

clean:
	rm -rf build
