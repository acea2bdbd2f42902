// The base terms no password may be made of (sspr §7.3), of our own choosing: what people of the four languages type first.
// Base words only: case, 0 for o, 1 for l, $ for s, @ for a and a slip of one character are found by the check itself. An
// operator's own file replaces the list, and a tenant's custom list comes on top.

const text = `
22222 222222 23456 33333 333333 34567 44444 444444 45678 5432l 55555 555555 56789 65432l 66666 666666 77777 777777 876543 88888 888888
98765 99999 999999 aaaaa aaaaaa aalborg aarhus abcd abcdef abcl23 access account accounting active adgangskode admin administrator
adminl23 alb2c3 always amanda amazon america anders andrew andris android angel anna anne apple april aprilis arsenal asdf asdfgh ashley
audi august augusts autumn azerty azure baby babyboy babygirl banana bank barcelona baseball basket basketbols batman bayern bbbbb bear
beatles beer bergen berlin bjorn blank brother business buster butterfly canada candy cash ccccc ceturtdiena champion change changeme
charlie cheese chelsea cherry chicken chocolate christmas cisco class cloud coffee college company computer contrasena cookie copenhagen
corvette credit cricket customer daddy daniel danmark darling database daugavpils ddddd december decembris default demo denmark desember
desktop diamond directory disco dollar dolphin domain dragon dummy dvorak eagle easter efteraar elsker empty england entra erik estonia
euro europe everton example exchange facebook family father februar februaris february ferrari finance finland firewall flower fodbold
football foraar forest forever forgot forgotten fotball fredag freedom friday friend friends futbols geheim george germany ginger github
gold golf google guest guitar hallo handball handbold hanne hardware harley hello hellol23 helpdesk helsinki hemlig hemmelig hiphop
history hjkl hockey hokejs hola holiday home honda honey horse hosten house hunter hurricane iceland identity iloveyou ingrid instagram
internet iphone ireland ishockey island janis januar january janvaris jelgava jennifer jens jessica jordan joshua juli julijs july june
juni junijs juris jurmala juventus kari karlek keyboard killer king kirsten kitten kitty kjaerlighet knut kobenhavn l2345 l23456 l234567
l2345678 l23456789 laipni laptop lars latchkey latvia latvija legend legends lemon letmein liberty lieldienas liepaja lightning linkedin
lion lithuania liverpool lkjhg ll223344 lllll llllll login logon london lordag losenord love lovely loveyou lucky madrid maggie maijs
manager mandag march maris marts master matrix matthew mercedes metallica mette michael michelle microsoft mila milestiba million mnbvc
mommy monday money monitor monkey motdepasse mother music mustang naruto netflix network nevermind newpass nicole niels ninja nirvana
nissan none norge norway noslepums nothing november novembris null october odense office oktober oktobris olav onsdag ooooo oooooo open
oracle orange oslo otrdiena outlook panda paris parole parool passcode passkey passl23 passord passphrase passw password passwort
pavasaris payroll peach pepper peter peteris phoenix piano piektdiena pikachu pirmdiena pizza platinum poiuy poiuyt pokemon porsche
prince princess printer protect puppy qazwsx qlw2e3 queen qweasd qwer qwerty qwertyl23 qwertz rainbow ranger real recovery remember
reset rich riga rigas robert rocknroll root router rudens salasana sales sample samsung samurai saturday school science scotland season
secret security senha september septembris server service sesame sestdiena shadow sharepoint shark signin silver sister soccer software
sommar sommer sondag soren spiderman spring starwars stavanger stockholm storm student sugar summer sunday sunshine suomi superman
support sveiki sverige svetdiena sweden sweet sweetheart sysadmin system tallinn teacher teams temp temporary tenant tennis test tester
testing testl23 thomas thunder thursday tiger tirsdag together torsdag toyota tresdiena trondheim trustno trustnol tuesday twitter uiop
united university unknown unlock user username vacation valkommen varen vasara velkommen ventspils verify victory vilnius vinter vodka
volejbols volvo warrior wednesday weekend welcome whatever whiskey windows winner winter wireless wolf work wsxedc xxxxx xxxxxx xyzl23
yamaha youtube yuiop zaqwsx ziema ziemassvetki zxcv zxcvbn zzzzz zzzzzz
`

/** Normalised terms, each at least four characters. */
export const bannedTerms: readonly string[] = text.trim().split(/\s+/)
