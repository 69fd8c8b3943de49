#include "wire/fdmap.h"
