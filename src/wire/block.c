#include "wire/block.h"
