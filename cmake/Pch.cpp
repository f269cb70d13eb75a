// The only purpose of this file is to own the shared precompiled header (see NibbleLLVM.cmake).
