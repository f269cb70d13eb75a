// Names that a C or C++ program has already given away: what compiled functions and their parameters may not be called.
#pragma once
#include <string>
#include <string_view>

namespace nibble {

/// Is it one of the words of `list`, each of which has a space before and behind it? A name has no spaces.
inline bool isListed(std::string_view name, std::string_view list) {
  return !name.empty() && list.find(" " + std::string(name) + " ") != std::string_view::npos;
}

/// A keyword of C (to C23) or C++ (to C++20), or what <stdint.h>, <stddef.h> or the compiler itself may define as a
/// macro or type.
inline bool isCKeyword(std::string_view name) {
  static constexpr std::string_view words =
      " EOF NULL PTRDIFF_MAX PTRDIFF_MIN SIZE_MAX WCHAR_MAX WCHAR_MIN WINT_MAX WINT_MIN alignas alignof and and_eq "
      "asm assert auto bitand bitor bool break case catch char char16_t char32_t char8_t class co_await co_return "
      "co_yield compl complex concept const const_cast consteval constexpr constinit continue decltype default "
      "delete do double dynamic_cast else enum errno explicit export extern false float for friend goto i386 if "
      "imaginary inline int linux long max_align_t mutable namespace new noexcept noreturn not not_eq nullptr "
      "nullptr_t offsetof operator or or_eq private protected ptrdiff_t public register reinterpret_cast requires "
      "restrict return short signed size_t sizeof static static_assert static_cast struct switch template this "
      "thread_local throw true try typedef typeid typename typeof typeof_unqual union unix unreachable unsigned "
      "using virtual void volatile wchar_t while xor xor_eq ";
  // C11 7.31.10: what <stdint.h> may define.
  bool type = (name.starts_with("int") || name.starts_with("uint")) && name.ends_with("_t");
  bool macro = (name.starts_with("INT") || name.starts_with("UINT")) &&
               (name.ends_with("_MAX") || name.ends_with("_MIN") || name.ends_with("_WIDTH") || name.ends_with("_C"));
  return type || macro || isListed(name, words);
}

/// A function of the C library (C11 clause 7, wide characters aside), or one of POSIX that programs and the library
/// itself call.
inline bool isCLibraryFunction(std::string_view name) {
  // Of double; with f behind it of float, with l of long double.
  static constexpr std::string_view math =
      " acos acosh asin asinh atan atan2 atanh cabs cacos cacosh carg casin casinh catan catanh cbrt ccos ccosh "
      "ceil cexp cimag clog conj copysign cos cosh cpow cproj creal csin csinh csqrt ctan ctanh erf erfc exp exp2 "
      "expm1 fabs fdim floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p "
      "log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round scalbln "
      "scalbn sin sinh sqrt tan tanh tgamma trunc ";
  static constexpr std::string_view others =
      " abort abs accept access aligned_alloc alloca asctime at_quick_exit atexit atof atoi atol atoll bcmp bcopy "
      "bind bsearch bzero calloc chdir chmod chown clearerr clock close connect creat ctime difftime div dup dup2 "
      "environ execv execve exit fclose fcntl feof ferror fflush fgetc fgetpos fgets fopen fork fprintf fputc "
      "fputs fread free freopen fscanf fseek fsetpos fstat fsync ftell ftruncate fwrite getc getchar getcwd "
      "getenv getpid gets gmtime imaxabs imaxdiv index ioctl isalnum isalpha isblank iscntrl isdigit isgraph "
      "islower isprint ispunct isspace isupper isxdigit kill labs ldiv link listen llabs lldiv localeconv "
      "localtime longjmp lseek lstat malloc mblen mbstowcs mbtowc memchr memcmp memcpy memmove memset mkdir "
      "mktime mmap mprotect munmap nanosleep open pause perror pipe poll posix_memalign printf putc putchar puts "
      "qsort quick_exit raise rand random read readlink realloc recv remove rename rewind rindex rmdir sbrk scanf "
      "select send setbuf setjmp setlocale setvbuf sigaction signal sigsetjmp sleep snprintf socket sprintf srand "
      "sscanf stat stderr stdin stdout strcat strchr strcmp strcoll strcpy strcspn strdup strerror strftime "
      "strlen strncat strncmp strncpy strndup strnlen strpbrk strrchr strspn strstr strtod strtof strtoimax "
      "strtok strtol strtold strtoll strtoul strtoull strtoumax strxfrm syscall sysconf system time timespec_get "
      "tmpfile tmpnam tolower toupper truncate ungetc unlink usleep vfork vfprintf vfscanf vprintf vscanf "
      "vsnprintf vsprintf vsscanf wait waitpid wcslen wcstombs wctomb wmemcpy wmemset write ";
  for (std::string_view family : {"pthread_", "thrd_", "mtx_", "cnd_", "tss_", "atomic_", "sem_", "feget", "feset"})
    if (name.starts_with(family))
      return true;
  bool suffixed = name.ends_with('f') || name.ends_with('l');
  return isListed(name, others) || isListed(name, math) ||
         (suffixed && isListed(name.substr(0, name.size() - 1), math));
}

/// What stands against a compiled function of this name, which is a C identifier: "is a keyword of C or C++", ...;
/// empty if nothing does.
inline std::string_view whyNotEntryName(std::string_view name) {
  if (isCKeyword(name))
    return "is a keyword, type or macro of C or C++";
  if (name == "main")
    return "is where a program starts";
  if (isCLibraryFunction(name))
    return "is a function of the C library, which the compiled one would replace in the whole program";
  if (name.starts_with('_'))
    return "starts with _, as names of the C compiler and the linker do";
  if (name == "std" || name == "nibble" || name.starts_with("nibble_"))
    return "is taken: std is C++'s, nibble and names that start with nibble_ are Nibble's own";
  return {};
}

} // namespace nibble
