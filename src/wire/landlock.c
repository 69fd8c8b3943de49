#include "wire/landlock.h"
