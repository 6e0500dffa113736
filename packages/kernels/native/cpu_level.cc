#include "cpu_level.h"

#include <cstdint>
#include <cstring>

#include "bf16_vectors.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

// Which levels there are is the build script's to say: a compiler that is too old for one leaves it out.
#define LATHE_DECLARE(name)    \
  namespace name {             \
  extern const Kernels kernels; \
  }

namespace lathe {

LATHE_DECLARE(portable)
#if defined(LATHE_HAS_avx2)
LATHE_DECLARE(avx2)
#endif
#if defined(LATHE_HAS_avx512)
LATHE_DECLARE(avx512)
#endif
#if defined(LATHE_HAS_avx512bf16)
LATHE_DECLARE(avx512bf16)
#endif
#if defined(LATHE_HAS_amx)
LATHE_DECLARE(amx)
#endif
#if defined(LATHE_HAS_neon)
LATHE_DECLARE(neon)
#endif
#if defined(LATHE_HAS_emulated)
LATHE_DECLARE(emulated)
#endif
#if defined(LATHE_HAS_emulatedamx)
LATHE_DECLARE(emulatedamx)
#endif

namespace {

struct Features {
  bool avx2 = false;
  bool avx512 = false;
  bool avx512bf16 = false;
  bool amx = false;
};

#if defined(__x86_64__)
bool bit(unsigned word, int index) { return (word >> index & 1) != 0; }

// Which register states the operating system saves.
unsigned savedStates() {
  unsigned low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Asks the system for tile registers, which it hands out to processes that want them: a process whose signal stacks are too
// small for what they add is refused.
bool mayUseTiles() {
#if defined(__linux__)
  constexpr long requestPermission = 0x1023, tileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return (savedStates() & 0x60000) == 0x60000 && syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
#else
  return false;
#endif
}
#endif

Features detect() {
  Features features;
#if defined(__x86_64__)
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return features;
  const bool fma = bit(c, 12), osxsave = bit(c, 27), avx = bit(c, 28), f16c = bit(c, 29);
  if (!osxsave || !avx || (savedStates() & 0x6) != 0x6) return features;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return features;
  const bool bmi2 = bit(b, 8);
  features.avx2 = bit(b, 5) && fma && f16c && bmi2;
  const bool saves512 = (savedStates() & 0xe6) == 0xe6;
  const bool f = bit(b, 16), dq = bit(b, 17), bw = bit(b, 30), vl = bit(b, 31), vnni = bit(c, 11);
  features.avx512 = features.avx2 && saves512 && f && dq && bw && vl;
  const bool tiles = bit(d, 22) && bit(d, 24) && bit(d, 25);
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) features.avx512bf16 = features.avx512 && vnni && bit(a, 5);
  features.amx = features.avx512bf16 && tiles && mayUseTiles();
#endif
  return features;
}

#if defined(__x86_64__)
// Intel's cores from Sapphire Rapids on do one VDPBF16PS in the time of four vectors of float32 (measured there: 130 against
// 220 GFLOP/s); they have tile registers for bf16, which a virtual machine may hide.
bool isSapphireRapidsOrLater() {
  unsigned a, b, c, d;
  if (!__get_cpuid(0, &a, &b, &c, &d)) return false;
  const unsigned vendor[3] = {b, d, c};
  if (std::memcmp(vendor, "GenuineIntel", sizeof vendor) != 0 || !__get_cpuid(1, &a, &b, &c, &d)) return false;
  const unsigned family = a >> 8 & 15, model = (a >> 4 & 15) | (a >> 12 & 0xf0);
  return family == 6 && (model == 0x8f || model == 0xcf || model == 0xad || model == 0xae);
}
#endif

}  // namespace

bool hasSlowBf16Vectors() {
#if defined(__x86_64__)
  static const bool isSlow = isSapphireRapidsOrLater();
  return isSlow;
#else
  return false;
#endif
}

const std::vector<const Kernels*>& availableLevels() {
  static const std::vector<const Kernels*> levels = [] {
    const Features features = detect();
    std::vector<const Kernels*> found;
    (void)features;
#if defined(LATHE_HAS_amx)
    if (features.amx) found.push_back(&amx::kernels);
#endif
#if defined(LATHE_HAS_avx512bf16)
    if (features.avx512bf16) found.push_back(&avx512bf16::kernels);
#endif
#if defined(LATHE_HAS_avx512)
    if (features.avx512) found.push_back(&avx512::kernels);
#endif
#if defined(LATHE_HAS_avx2)
    if (features.avx2) found.push_back(&avx2::kernels);
#endif
#if defined(LATHE_HAS_neon)
    found.push_back(&neon::kernels);
#endif
    found.push_back(&portable::kernels);
#if defined(LATHE_HAS_emulated)
    found.push_back(&emulated::kernels);
#endif
#if defined(LATHE_HAS_emulatedamx)
    found.push_back(&emulatedamx::kernels);
#endif
    return found;
  }();
  return levels;
}

const std::vector<const char*>& compiledLevels() {
  static const std::vector<const char*> names = {
#if defined(LATHE_HAS_amx)
      "amx",
#endif
#if defined(LATHE_HAS_avx512bf16)
      "avx512bf16",
#endif
#if defined(LATHE_HAS_avx512)
      "avx512",
#endif
#if defined(LATHE_HAS_avx2)
      "avx2",
#endif
#if defined(LATHE_HAS_neon)
      "neon",
#endif
      "portable",
#if defined(LATHE_HAS_emulated)
      "emulated",
#endif
#if defined(LATHE_HAS_emulatedamx)
      "emulatedamx",
#endif
  };
  return names;
}

}  // namespace lathe
