// The weights of utf8mb4_general_ci where a character does not weigh its own code. Frozen: indexes
// and slots are made of them.
//
// One entry for each run of characters, in base 36: the distance of its first character from that
// of the run before, a comma, the first weight minus the first character, and for a run of several
// characters their number after a sign. '=': consecutive characters of one weight. '~': every
// second character, of one weight. '+': both go up by one. ':': both go up by two.

export const generalCiWeightRuns = `
2p,-w+q 2c,kn b,-3j=6 7,-3o 1,-3n=4 4,-3n=4 5,-3n+2 2,-3o=4 6,-3o=4 4,-3o 2,-3w 1,-4f=6 6,-w
1,-4k 1,-4j=4 4,-4j=4 4,-w 1,-4j+2 2,-4k=4 5,-w 1,-4k=4 4,-4k 1,-w 1,-4m 1,-5b=6 6,-5f=8
8,-5m=2 3,-1 1,-5p=a a,-5x=8 8,-64=2 3,-1 1,-67=a b,-1 1,-6i=2 2,-6j=2 3,-6l=6 7,-1:2 3,-6t=6
8,-1 1,-71=6 7,-1 1,-76=6 6,-7b=8 8,-7i=4 5,-1 1,-7n=c c,-7x=2 2,-7x=3 3,-7z=6 6,-8c 4,-1:2
5,-1 4,-1 6,-1 3,2p 4,-1 7,-9d=2 3,-1:2 5,-1 5,-1 2,-9m=2 5,-1:2 5,-1 4,-1 2,1k 6,-1=2 3,-1=2
3,-1=2 2,-b0=2 2,-au=2 2,-aq=2 2,-am=a a,-27 1,-bh=4 4,-7w=2 3,-1 1,-bj=2 2,-bh=2 2,-bf=4
4,-1j=2 2,-bq 2,-1=2 2,-bx=2 4,-bu=2 2,-c9=2 2,-8m=2 2,-86=2 2,-cf=4 4,-cf=4 4,-cf=4 4,-cd=4
4,-ce=4 4,-cf=4 4,-cl=2 2,-cm=2 3,-1 1,-d2=2 5,-1:2 3,-dh=2 2,-df=2 2,-d7=8 8,-d5=2 x,-5u
1,-5q 2,-5p+2 3,-5m 2,-5n 5,-5p 3,-5r 5,-5t 1,-5v 6,-5v 3,-5x 3,-5y b,-62 3,-62 5,-62 2,-61+2
8,-63 4z,2c 1t,b 2,d 1,e 1,f 2,j 2,n 1,q 1,9 q,-h 1,-6 1,-r 1,-o 1,-n 1,-m 1,-b 1,-w+h h,-v=2
2,-w+6 6,-1d 1,-12 1,-19 1,-14 1,-11 2,-1q 1,-1l 2,-1=2 2,-1b 1,-1i 5,-1:b l,-2e 1,-28 1,-27
e,l=2 3,g 4,-1 5,e 1,b 1,l y,-w+w w,-1n=2 2,-28 1,-1s 1,-28+3 3,-29 1,-28+4 4,-1u 1,-1x 1,-1n
1,-28 2,-1:b l,-2=2 3,-1:5 k,-1:q 1g,-4r=2 3,-1 4,-1 4,-1 4,-5c=4 5,-1 1,-5d=2 3,-1=3 3,-5i=2
2,-5j=2 3,-1 1,-5m=4 4,-5k=2 3,-1=3 3,-5b=2 2,-5n=6 6,-5p=2 4,-5p=2 2x,-1c+12 4v3,-5vj=2
2,-5vk=6 6,-5vp=2 2,-5vq=a a,-5vz=a a,-5w8=2 2,-5w9=2 2,-5wa=a a,-5wj=4 4,-5wl=6 6,-5wq=8
8,-5wx=6 6,-5x2=8 8,-5x9=8 8,-5xg=4 4,-5xi=8 8,-5xp=a a,-5xy=8 8,-5y5=a a,-5ye=4 4,-5yh=a
a,-5yq=4 4,-5yt=2 2,-5yu=6 6,-5zi 1,-5z7 1,-5z5 1,-5z4 2,-5zc 5,-5zz=o o,-60j=g g,-60v=4
4,-60t=o o,-61b=e e,-61l=8 e,-5f3=g g,-5ff=6 8,-5fn=6 8,-5ft=g g,-5g7=g g,-5gh=6 8,-5gp=6
8,-5gr=8 9,-5h0~4 7,-5h3=g g,-5i7 1,22 1,-5i5 1,2e 1,-5i5 1,2e 1,-5i5 1,2s 1,-5i1 1,3k 1,-5hx
1,34 1,-5hv 1,3i 3,-5in=g g,-5ix=g g,-5iv=g g,-5jz=5 6,-5k5=5 6,-5kb 2,-5k5 4,-5kb=3 4,-5kf=2
2,-5kj:2 4,-5kl 4,-5kn=3 6,-5kt=5 a,-5kr=3 4,-5kz=2 2,-5kx=5 6,-5l7 6,-5l5=3 4,-5l9=2 2,-5ll
2,-5ld~2 ae,-g+g o0,-q+q 175d,-w+q
`;
