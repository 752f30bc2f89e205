/* The files as a part of the store. */
#ifndef CLEAT_STORE_FILES_PART_H
#define CLEAT_STORE_FILES_PART_H

#include "store/part.h"

extern const struct part files_part;

#endif
