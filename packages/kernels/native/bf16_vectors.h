// What the levels cannot tell from processor features alone.
#pragma once

namespace lathe {

// Whether this processor has bf16 products of vectors but multiplies float32 faster.
bool hasSlowBf16Vectors();

}  // namespace lathe
