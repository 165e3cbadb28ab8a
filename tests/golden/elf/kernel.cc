extern "C" void ext(int*);
__attribute__((noinline)) static void leaf(int*p){ int a[40]; ext(a); p[0]=a[3]; }
extern "C" void mid(int*p){ volatile int b[100]; b[1]=p[0]; leaf(p); p[1]=b[1]; ext(p);}
extern "C" void top(int*p){ int c[10]; mid(c); mid(p); p[2]+=c[1]; }
