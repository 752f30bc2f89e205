/* SPEC.md as tests read it, which run at the top of the checkout. */
#ifndef CLEAT_SUPPORT_SPEC_H
#define CLEAT_SUPPORT_SPEC_H

/* The text under HEADING ("### Errors"), up to the next heading. The caller frees it. */
char *spec_section(const char *heading);

/* The line of TEXT that begins with START, behind AFTER if that is not NULL; without its end. NULL: there is none. The
 * caller frees it; *PLACE, unless NULL, is where it is in TEXT. */
char *spec_line(const char *text, const char *start, const char *after, const char **place);

/* Cell NUMBER, from 0 on, of a table's LINE: `| a | b |`. The caller frees it; NULL: there is none. */
char *spec_cell(const char *line, unsigned number);

#endif
