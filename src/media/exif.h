/* exif.h: the one thing we want of EXIF: how the camera was held. */
#ifndef SERVAL_MEDIA_EXIF_H
#define SERVAL_MEDIA_EXIF_H

#include <serval/str.h>

/* The orientation (1..8) in a TIFF block, as JPEG's APP1 carries it after "Exif\0\0" and PNG's eXIf
 * as it is. 1 when there is none or the block is damaged: a picture is not refused for its EXIF.
 * Pure. */
unsigned sv_exif_orientation(sv_str tiff);

#endif
