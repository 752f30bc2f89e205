# Man pages, and what goes where on a system. Included at the end of the Makefile.
#
#   make man                            build/man
#   make install PREFIX=/usr DESTDIR=   programs, man pages, completion, systemd unit, documentation
#   make install INSTALL_STRIP=1        the programs without symbols
#   make uninstall                      with the same variables
#
# Neither becomes root, and neither fetches anything: scripts/deps build pack gets what is missing.

PREFIX ?= /usr/local
# Of the system where the programs go to the system's places, else below PREFIX like the rest.
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/cleat
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
UNITDIR ?= $(PREFIX)/lib/systemd/system
INSTALL ?= install

MAN_STAMP = $(BUILD)/man/made
$(MAN_STAMP): $(BUILD)/cleatd $(BUILD)/cleat scripts/man Makefile $(wildcard scripts/packaging/man/*)
	@echo "  MAN  $(@D)"
	@BUILD=$(BUILD) RELEASED=$(RELEASED) scripts/man $(@D)
	@touch $@

man: $(MAN_STAMP)

# The unit names the programs where they will run, which is not below DESTDIR.
UNIT = sed -e 's|@bindir@|$(BINDIR)|g' -e 's|@sysconfdir@|$(SYSCONFDIR)|g' -e 's|@docdir@|$(DOCDIR)|g' \
	scripts/packaging/cleatd.service.in
CONFIGURATION = $(DESTDIR)$(SYSCONFDIR)/default/cleatd

install: all man
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(MANDIR)/man1 $(MANDIR)/man8 $(DOCDIR) $(COMPLETIONDIR) $(UNITDIR)) \
		$(DESTDIR)$(SYSCONFDIR)/default
	$(INSTALL) -m 755 $(if $(INSTALL_STRIP),-s) $(BUILD)/cleatd $(BUILD)/cleat $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 644 $(BUILD)/man/*.1 $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 644 $(BUILD)/man/*.8 $(DESTDIR)$(MANDIR)/man8
	$(INSTALL) -m 644 README.md CHANGELOG.md SPEC.md LICENSE $(DESTDIR)$(DOCDIR)
	$(INSTALL) -d $(DESTDIR)$(DOCDIR)/docs
	$(INSTALL) -m 644 docs/*.md $(DESTDIR)$(DOCDIR)/docs
	$(INSTALL) -m 644 scripts/packaging/completion/cleat scripts/packaging/completion/cleatd $(DESTDIR)$(COMPLETIONDIR)
	$(UNIT) >$(BUILD)/cleatd.service
	$(INSTALL) -m 644 $(BUILD)/cleatd.service $(DESTDIR)$(UNITDIR)
	test -e $(CONFIGURATION) || $(INSTALL) -m 644 scripts/packaging/cleatd.default $(CONFIGURATION)

# A configuration that somebody has changed stays, and so do folders that others may use.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,cleatd cleat)
	rm -f $(DESTDIR)$(MANDIR)/man1/cleat.1 $(DESTDIR)$(MANDIR)/man1/cleat-*.1 $(DESTDIR)$(MANDIR)/man8/cleatd.8
	rm -f $(addprefix $(DESTDIR)$(COMPLETIONDIR)/,cleat cleatd)
	rm -f $(DESTDIR)$(UNITDIR)/cleatd.service
	rm -f $(addprefix $(DESTDIR)$(DOCDIR)/,README.md CHANGELOG.md SPEC.md LICENSE)
	rm -f $(addprefix $(DESTDIR)$(DOCDIR)/,$(wildcard docs/*.md))
	test ! -d $(DESTDIR)$(DOCDIR)/docs || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(DOCDIR)/docs
	test ! -d $(DESTDIR)$(DOCDIR) || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(DOCDIR)
	if cmp -s scripts/packaging/cleatd.default $(CONFIGURATION); then rm -f $(CONFIGURATION); fi

.PHONY: man install uninstall
